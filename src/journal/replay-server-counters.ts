import type { Counter, Gauge, Metrics } from '../runtime/service.ts'
import type { ReplayRefusal } from '../streams/index.ts'

/** What is not answered: refused in words, or not even that. */
export type Unserved =
  | ReplayRefusal
  /** No id or sequence to answer to. */
  | 'unreadable'
  /** A broker kept it: it is not of now. */
  | 'retained'
  /** The same request waits already. */
  | 'repeated'
  /** More came at once than is looked at. */
  | 'overrun'

export class ReplayCounters {
  readonly #metrics: Metrics
  readonly requests: Counter
  readonly frames: Counter
  readonly bytes: Counter
  readonly abandoned: Counter
  readonly #waiting: Gauge

  constructor(metrics: Metrics) {
    const served = (what: string, help: string): Counter =>
      metrics.counter(`phasorbus_replay_served_${what}_total`, help)
    this.#metrics = metrics
    this.requests = served('requests', 'Replay requests answered.')
    this.frames = served('frames', 'Frames in answers to replay requests, configurations included.')
    this.bytes = served('bytes', 'Bytes of the frames in answers to replay requests.')
    this.abandoned = metrics.counter(
      'phasorbus_replay_abandoned_total',
      'Answers broken off because the connection ended or the broker took no more.',
    )
    this.#waiting = metrics.gauge('phasorbus_replay_waiting', 'Replay requests that wait for their turn.')
  }

  unserved(reason: Unserved): void {
    this.#metrics
      .counter('phasorbus_replay_refused_total', 'Replay requests that were not answered, and why.', { reason })
      .add()
  }

  waits(more: number): void {
    this.#waiting.set(this.#waiting.value + more)
  }
}
