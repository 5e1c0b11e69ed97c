import { FrameType } from '../c37118/index.ts'
import type { Counter, Gauge, Metrics } from '../runtime/service.ts'

/** Why bytes or frames of a source went no further. Labels of metrics; never renamed. */
export type FrameDiscard =
  /** Of another stream. */
  | 'foreign-idcode'
  /** Held for want of a configuration, and the configuration that came does not describe them. */
  | 'other-size'
  /** Held for want of a configuration, and too many. */
  | 'hold-overflow'
  /** Held for want of a configuration that never came. */
  | 'no-configuration'
  /** A configuration that cannot be read. */
  | 'bad-configuration'
  /** From another address than the PMU's. */
  | 'foreign-sender'
  /** Seen while listening in, on another connection than the one that is followed. */
  | 'other-flow'

/** What one source counts. Everything on the hot path is bound once. */
export class SourceCounters {
  readonly bytes: Counter
  readonly data: Counter
  readonly header: Counter
  readonly config: Counter
  readonly command: Counter
  readonly badChecksums: Counter
  readonly sessions: Counter
  readonly delivered: Counter
  readonly online: Gauge
  readonly #metrics: Metrics
  readonly #stream: string
  readonly #frameDiscards = new Map<string, Counter>()
  readonly #byteDiscards = new Map<string, Counter>()
  readonly #offline = new Map<string, Counter>()
  readonly #unanswered = new Map<string, Counter>()

  constructor(metrics: Metrics, stream: string) {
    this.#metrics = metrics
    this.#stream = stream
    const frames = (type: string): Counter =>
      metrics.counter('phasorbus_link_frames_total', 'frames of right CHK and own IDCODE received', { stream, type })
    this.bytes = metrics.counter('phasorbus_link_received_bytes_total', 'bytes received', { stream })
    this.data = frames('data')
    this.header = frames('header')
    this.config = frames('config')
    this.command = frames('command')
    this.badChecksums = metrics.counter('phasorbus_link_bad_checksums_total', 'frames of wrong CHK', { stream })
    this.delivered = metrics.counter('phasorbus_link_delivered_total', 'data frames handed on', { stream })
    this.sessions = metrics.counter('phasorbus_link_sessions_total', 'sessions begun', { stream })
    this.online = metrics.gauge('phasorbus_link_online', '1 while data flows', { stream })
  }

  ofType(type: FrameType): Counter {
    switch (type) {
      case FrameType.data:
        return this.data
      case FrameType.header:
        return this.header
      case FrameType.command:
        return this.command
      default:
        return this.config
    }
  }

  discardFrame(reason: FrameDiscard, count = 1): void {
    if (count === 0) return
    this.#of(
      this.#frameDiscards,
      'phasorbus_link_discarded_frames_total',
      'frames of right CHK that went no further',
      reason,
    ).add(count)
  }

  discardBytes(count: number, reason: string): void {
    this.#of(
      this.#byteDiscards,
      'phasorbus_link_discarded_bytes_total',
      'bytes that belong to no good frame',
      reason,
    ).add(count)
  }

  wentOffline(reason: string): void {
    this.#of(this.#offline, 'phasorbus_link_offline_total', 'sessions and attempts that ended', reason).add()
  }

  unanswered(what: string): void {
    this.#of(this.#unanswered, 'phasorbus_link_unanswered_total', 'requests that were not answered in time', what).add()
  }

  get discardedBytes(): Readonly<Record<string, number>> {
    return values(this.#byteDiscards)
  }

  get discardedFrames(): Readonly<Record<string, number>> {
    return values(this.#frameDiscards)
  }

  #of(bound: Map<string, Counter>, name: string, help: string, reason: string): Counter {
    let counter = bound.get(reason)
    if (!counter) {
      counter = this.#metrics.counter(name, help, { stream: this.#stream, reason })
      bound.set(reason, counter)
    }
    return counter
  }
}

function values(counters: ReadonlyMap<string, Counter>): Record<string, number> {
  return Object.fromEntries([...counters].map(([reason, counter]) => [reason, counter.value]))
}
