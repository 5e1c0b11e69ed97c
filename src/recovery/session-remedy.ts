import type { BrokerConfig, Bus } from '../bus/index.ts'
import { monotonicMs, utcMs } from '../runtime/clock.ts'
import type { Counter, ServiceDeps } from '../runtime/service.ts'
import type { ConsumedStream } from './consumed-stream.ts'
import type { Epoch } from './epochs.ts'
import { allLost, type Instant, type Remedy, type RemedyHooks } from './remedy.ts'
import { SessionPace } from './session-pace.ts'
import { type SessionRecovery, startSessionRecovery } from './session-recovery.ts'

/** The broker's session that a consumer with `recovery: session` has. */
export interface SessionSettings {
  /** Of several brokers the one that keeps the session. */
  readonly broker: BrokerConfig
  /** The same in every run, and nobody else's. */
  readonly clientId: string
  /** File with the configurations of the streams where the session is. */
  readonly epochsFile?: string
  /** The consumer's bus has other brokers, too: what is live comes from them while this one is away. */
  readonly standsIn?: boolean
}

export interface SessionRemedyDeps extends ServiceDeps {
  readonly consumer: string
  readonly filters: readonly string[]
  readonly bus: Bus
  readonly hooks: RemedyHooks
}

/** What is behind a frame that nobody takes waits for so long; then the stream's are passed over until it has room. */
const HEAD_WAIT_MS = 10_000

/** What is missing comes out of the broker's session; when that is drained, what has not come never will. */
export class SessionRemedy implements Remedy {
  readonly bus: Bus
  /** Resolves when both lanes are closed. */
  readonly done: Promise<void>
  readonly #session: SessionRecovery
  readonly #pace: SessionPace
  readonly #hooks: RemedyHooks
  readonly #passed: Counter
  /** The stream whose frame is first and not taken, and since when. */
  #head: { readonly stream: ConsumedStream; readonly sinceMs: number } | undefined
  /** Nobody has taken their frames for too long. */
  readonly #passedOver = new Set<ConsumedStream>()

  constructor(settings: SessionSettings, { hooks, filters, consumer, bus, ...deps }: SessionRemedyDeps) {
    this.#hooks = hooks
    this.#passed = deps.metrics.counter(
      'phasorbus_session_passed_over_total',
      'Late frames of a session that nobody took, while those of other streams waited behind them.',
      { consumer },
    )
    this.#pace = new SessionPace(monotonicMs, () => this.#hasRoom())
    this.#session = startSessionRecovery(
      { ...settings, filters, consumer },
      {
        ...deps,
        bus,
        pace: this.#pace,
        late: (topic, frame, epoch) => this.#late(topic, frame, epoch),
        onForgotten: () => this.#giveUp('session-forgotten', utcMs()),
      },
    )
    this.bus = this.#session.bus
    this.done = this.#session.done
  }

  live(lateMs: number, nowMs: number): void {
    this.#pace.live(lateMs, nowMs)
  }

  tick({ nowMs }: Instant): void {
    if (!this.#session.mayStillCome(nowMs)) this.#giveUp('session')
  }

  turn(_nowMs: number, periodMs?: number): void {
    if (periodMs !== undefined) this.#pace.period(periodMs)
  }

  follow(): void {}
  leave(stream: ConsumedStream): void {
    this.#passedOver.delete(stream)
  }
  state(): void {}
  left(): void {}
  lost(): void {}
  room(): void {}
  retry(): void {}
  close(): void {}

  #late(topic: string, frame: Uint8Array, epoch: Epoch): boolean {
    const stream = this.#hooks.streamOf(topic)
    if (this.#hooks.room(stream) > 0 && this.#hooks.give(stream, frame, epoch) === 'done') {
      this.#head = undefined
      if (this.#passedOver.size > 0) this.#passedOver.delete(stream)
      return true
    }
    const nowMs = monotonicMs()
    if (this.#head?.stream !== stream) this.#head = { stream, sinceMs: nowMs }
    if (!this.#passedOver.has(stream)) {
      if (nowMs - this.#head.sinceMs <= HEAD_WAIT_MS) return false
      this.#passedOver.add(stream)
    }
    this.#passed.add()
    return true
  }

  /** What comes first may be for anybody. */
  #hasRoom(): boolean {
    if (this.#hooks.streams.size === 0) return true
    for (const stream of this.#hooks.streams.values()) if (this.#hooks.room(stream) > 0) return true
    return false
  }

  #giveUp(reason: string, beforeUtcMs?: number): void {
    const lost = allLost(reason, beforeUtcMs)
    for (const stream of this.#hooks.streams.values()) {
      if (stream.ledger.pending > 0) this.#hooks.explain(stream, lost)
    }
  }
}
