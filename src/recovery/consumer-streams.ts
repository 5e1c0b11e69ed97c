import type { StreamSink } from '../bus/index.ts'
import { type Configuration, framesPerSecond } from '../c37118/index.ts'
import { monotonicMs, utcMs } from '../runtime/clock.ts'
import type { Metrics } from '../runtime/service.ts'
import { type AbsentRange, type Account, type LedgerSettings, StreamLedger } from '../streams/index.ts'
import { AccountMetrics } from './account-metrics.ts'
import type { ConsumedStream } from './consumed-stream.ts'
import type { ConsumerSink } from './consumer-sink.ts'
import { type Epoch, Epochs } from './epochs.ts'
import { Finals } from './finals.ts'
import { timeUsOf } from './frame-time.ts'
import type { HeldStore } from './held-store.ts'
import type { Given } from './late-hand.ts'
import { Lateness } from './lateness.ts'
import type { Remedy, RemedyHooks } from './remedy.ts'

const SECOND_MS = 1000
/** How long the best of a stream's arrivals is the measure of the others, twice that at most. */
const BASELINE_MS = 5000

export interface ConsumerStreamsOptions {
  readonly consumer: string
  readonly ledger: Partial<LedgerSettings>
  readonly sink: ConsumerSink
  readonly held: HeldStore | undefined
  readonly metrics: Metrics
  /** What is done about gaps. */
  remedy(hooks: RemedyHooks): Remedy
}

/** The streams of one consumer: each frame judged, each timestamp accounted for. */
export class ConsumerStreams implements RemedyHooks {
  readonly remedy: Remedy
  readonly #options: ConsumerStreamsOptions
  readonly #sink: ConsumerSink
  readonly #held: HeldStore | undefined
  readonly #streams = new Map<string, ConsumedStream>()
  #secondMs = 0
  #baselineMs = 0

  constructor(options: ConsumerStreamsOptions) {
    this.#options = options
    this.#sink = options.sink
    this.#held = options.held
    this.remedy = options.remedy(this)
  }

  get streams(): ReadonlyMap<string, ConsumedStream> {
    return this.#streams
  }

  /** One for each subscription: a stream belongs to the one it was first met by. */
  sink(): StreamSink {
    const out = this.#sink
    /** The stream, where no other subscription has it. */
    const mine = (topic: string): ConsumedStream | undefined => {
      const stream = this.streamOf(topic)
      stream.sink ??= sink
      return stream.sink === sink ? stream : undefined
    }
    const known = (topic: string): ConsumedStream | undefined => {
      const stream = this.#streams.get(topic)
      return stream?.sink === sink ? stream : undefined
    }
    const sink: StreamSink = {
      configuration: (topic, fragments, configuration) => {
        const stream = mine(topic)
        if (stream) this.#configuration(stream, fragments, configuration)
      },
      data: (topic, frame) => {
        const stream = known(topic)
        if (stream) this.#live(stream, frame)
      },
      extra: (topic, kind, frames) => {
        if (mine(topic)) out.extra?.(topic, kind, frames)
      },
      state: (topic, state) => {
        const stream = mine(topic)
        if (!stream) return
        stream.finals.heard(state)
        this.remedy.state(stream, state)
        out.state?.(topic, state)
      },
      left: (topic, node) => {
        const stream = known(topic)
        if (!stream) return
        this.remedy.left(stream, node)
        out.left?.(topic, node)
      },
      online: (topic, online, reason) => {
        if (known(topic)) out.online?.(topic, online, reason)
      },
      retired: (topic) => {
        const stream = known(topic)
        if (stream) this.#retired(stream)
      },
      unusable: (topic, reason, count) => {
        if (known(topic)) out.unusable?.(topic, reason, count)
      },
      lost: () => {
        this.remedy.lost(monotonicMs())
        out.lost?.()
      },
    }
    return sink
  }

  /** Closes slots by the clock, and sees to what is missing. */
  tick(): void {
    const now = { nowMs: monotonicMs(), utcMs: utcMs() }
    for (const { ledger } of this.#streams.values()) ledger.close(now.utcMs * 1000)
    if (now.nowMs - this.#secondMs >= SECOND_MS) {
      this.#secondMs = now.nowMs
      this.#everySecond(now.nowMs)
    }
    this.remedy.tick(now)
  }

  streamOf(topic: string): ConsumedStream {
    const known = this.#streams.get(topic)
    if (known) return known
    const { consumer, metrics, ledger } = this.#options
    const stream: ConsumedStream = {
      topic,
      sink: undefined,
      ledger: this.#held?.ledger(topic) ?? new StreamLedger(ledger),
      metrics: new AccountMetrics(metrics, consumer, topic),
      epochs: new Epochs(),
      finals: new Finals(),
      lateness: new Lateness(),
      liveMs: Number.NEGATIVE_INFINITY,
    }
    this.#streams.set(topic, stream)
    this.remedy.follow(stream, utcMs())
    return stream
  }

  room({ topic }: ConsumedStream): number {
    return this.#sink.lateRoom(topic)
  }

  give({ topic, ledger }: ConsumedStream, frame: Uint8Array, { configuration, fragments }: Epoch): Given {
    const verdict = ledger.late(frame, configuration, utcMs() * 1000)
    if (verdict === 'conflict') this.#sink.conflict?.(topic, frame, fragments)
    if (verdict !== 'fresh') return 'done'
    const taken = this.#sink.late(topic, frame, fragments)
    if (taken === false) return 'refused'
    const timeUs = timeUsOf(frame, configuration.timeBase)
    if (taken === true || taken === 'kept') {
      ledger.take()
      if (taken === true) this.#held?.took(topic, timeUs, 'late')
      else this.#held?.kept(topic, timeUs, 'late')
    } else {
      ledger.giveUp(taken)
      this.#held?.gaveUp(topic, timeUs, taken)
    }
    return 'done'
  }

  get takesRevisions(): boolean {
    return this.#sink.revised !== undefined
  }

  revise({ topic }: ConsumedStream, frame: Uint8Array, { fragments }: Epoch): boolean {
    return this.#sink.revised?.(topic, frame, fragments) ?? true
  }

  explain({ topic, ledger }: ConsumedStream, ranges: readonly AbsentRange[]): number {
    const ended = ledger.absent(ranges)
    if (ended > 0) this.#held?.absent(topic, ranges)
    return ended
  }

  reopen({ topic, ledger }: ConsumedStream, fromUs: number, toUs: number, except: ReadonlySet<string>): number {
    const opened = ledger.reopen(fromUs, toUs, except)
    if (opened > 0) this.#held?.reopened(topic)
    return opened
  }

  release(topic: string, timeUs: number, as: 'live' | 'late'): void {
    const stream = this.#streams.get(topic)
    if (!stream?.ledger.release(timeUs, as)) return
    this.#held?.released(topic, timeUs, as)
    this.remedy.retry(stream)
  }

  pendingBetween(topic: string, afterUs: number, beforeUs: number): boolean {
    return this.#streams.get(topic)?.ledger.pendingBetween(afterUs, beforeUs) ?? false
  }

  /** Nothing before it comes any more, nor is completed. */
  finalUs(topic: string): number | undefined {
    const stream = this.#streams.get(topic)
    const resolvedUs = stream?.ledger.resolvedUs
    if (!stream || resolvedUs === undefined) return undefined
    return Math.min(resolvedUs, stream.finals.latestUs, this.remedy.unfetchedUs?.(stream) ?? Number.POSITIVE_INFINITY)
  }

  accounts(): ReadonlyMap<string, Account> {
    return new Map([...this.#streams].map(([topic, { ledger }]) => [topic, ledger.account()]))
  }

  #configuration(stream: ConsumedStream, fragments: readonly Uint8Array[], configuration: Configuration): void {
    stream.epochs.begin(fragments)
    stream.ledger.configuration(configuration)
    // The same array as late frames of it will come with.
    this.#sink.configuration(stream.topic, stream.epochs.inForce?.fragments ?? fragments, configuration)
  }

  /** The hot path: nothing is waited for, nothing made. */
  #live(stream: ConsumedStream, frame: Uint8Array): void {
    const { topic, ledger } = stream
    const verdict = ledger.live(frame, utcMs() * 1000)
    if (verdict === 'fresh') this.#given(stream, frame, this.#sink.live(topic, frame))
    else if (verdict === 'outside') this.#sink.outside(topic, frame)
    else if (verdict === 'conflict') this.#sink.conflict?.(topic, frame)
  }

  /** A fresh frame, and what the sink made of it. */
  #given(stream: ConsumedStream, frame: Uint8Array, taken: boolean | 'kept'): void {
    const { topic, ledger, epochs, lateness } = stream
    // The account begins with the first frame that is taken: what nobody ever wanted is missed by nobody.
    if (taken === false && ledger.beganUs === undefined) return
    const timeUs = timeUsOf(frame, epochs.inForce?.configuration.timeBase ?? 0)
    if (taken !== false) ledger.take()
    if (taken === true) this.#held?.took(topic, timeUs, 'live')
    else if (taken === 'kept') this.#held?.kept(topic, timeUs, 'live')
    const nowMs = monotonicMs()
    stream.liveMs = nowMs
    this.remedy.live(lateness.of(nowMs, timeUs), nowMs)
  }

  #retired(stream: ConsumedStream): void {
    const { topic } = stream
    this.#streams.delete(topic)
    this.remedy.leave(stream)
    this.#held?.retired(topic)
    this.#options.metrics.forget({ consumer: this.#options.consumer, stream: topic })
    this.#sink.retired?.(topic)
  }

  #everySecond(nowMs: number): void {
    const isNewBaseline = nowMs - this.#baselineMs >= BASELINE_MS
    if (isNewBaseline) this.#baselineMs = nowMs
    let periodMs: number | undefined
    for (const { ledger, metrics, lateness, epochs, liveMs } of this.#streams.values()) {
      metrics.update(ledger.account())
      if (isNewBaseline) lateness.turn()
      const rate = framesPerSecond(epochs.inForce?.configuration.dataRate ?? 0)
      const isLive = rate > 0 && nowMs - liveMs < Math.max(SECOND_MS, (3 * SECOND_MS) / rate)
      if (isLive) periodMs = Math.min(periodMs ?? Number.POSITIVE_INFINITY, SECOND_MS / rate)
    }
    this.remedy.turn(nowMs, periodMs)
  }
}
