import type { Bus, StreamSink } from '../bus/index.ts'
import { framesPerSecond } from '../c37118/index.ts'
import { monotonicMs, utcMs } from '../runtime/clock.ts'
import type { Counter } from '../runtime/service.ts'
import { type Account, StreamLedger } from '../streams/index.ts'
import type { ConsumerConfig, ConsumerDeps } from './consumer.ts'
import { type Epoch, Epochs } from './epochs.ts'
import { timeUsOf } from './frame-time.ts'
import { GapPuller } from './gap-puller.ts'
import { Healing } from './healing.ts'
import { Journals } from './journals.ts'
import type { Given } from './late-hand.ts'
import { Lateness } from './lateness.ts'
import { Pace } from './pace.ts'
import { ReplayClient } from './replay-client.ts'

const SECOND_MS = 1000
/** How long the best of a stream's arrivals is the measure of the others, twice that at most. */
const BASELINE_MS = 30_000

interface ConsumedStream {
  /** The subscription it came by; another that overlaps is not heard. */
  readonly sink: StreamSink
  readonly ledger: StreamLedger
  readonly epochs: Epochs
  readonly journals: Journals
  readonly lateness: Lateness
  readonly healing: Healing
  timeBase: number
  /** When its last live frame came, by the monotonic clock in ms. */
  liveMs: number
}

/** The streams of one consumer: what each holds, and what is done about what it lacks. */
export class ConsumerStreams {
  readonly #config: ConsumerConfig
  readonly #deps: ConsumerDeps
  readonly #streams = new Map<string, ConsumedStream>()
  readonly #pace: Pace
  readonly #client: ReplayClient
  readonly #puller: GapPuller
  readonly #forget: () => void
  readonly #unneeded: Counter
  readonly #unreadable: Counter
  #secondMs = 0
  #baselineMs = 0

  constructor(config: ConsumerConfig, deps: ConsumerDeps) {
    const { signal, log, metrics } = deps
    this.#config = config
    this.#deps = deps
    this.#pace = new Pace(config.recovery)
    const bus: Bus = deps.replayBus ?? deps.bus
    this.#client = new ReplayClient({ bus })
    this.#puller = new GapPuller({
      consumer: config.id,
      client: this.#client,
      pace: this.#pace,
      signal,
      log,
      metrics,
    })
    this.#forget = bus.onConnect(() => this.#connected())
    const labels = { consumer: config.id }
    this.#unneeded = metrics.counter(
      'phasorbus_recovery_unneeded_frames_total',
      'Frames that journals sent and that were there already: holes that lie close are asked for as one.',
      labels,
    )
    this.#unreadable = metrics.counter(
      'phasorbus_recovery_unreadable_frames_total',
      'Frames that journals sent without their configuration, or of another size than it gives.',
      labels,
    )
  }

  /** One for each subscription: a stream belongs to the one it was first met by. */
  sink(): StreamSink {
    const out = this.#deps.sink
    const ofMine = (topic: string): ConsumedStream | undefined => {
      const stream = this.#streams.get(topic)
      return stream?.sink === sink ? stream : undefined
    }
    const mayBeMine = (topic: string): boolean => {
      const stream = this.#streams.get(topic)
      return stream === undefined || stream.sink === sink
    }
    const sink: StreamSink = {
      configuration: (topic, fragments, configuration) => {
        if (!mayBeMine(topic)) return
        const stream = this.#streams.get(topic) ?? this.#follow(topic, sink)
        stream.timeBase = configuration.timeBase
        stream.epochs.begin(fragments)
        stream.ledger.configuration(configuration)
        out.configuration(topic, fragments, configuration)
      },
      data: (topic, frame) => {
        const stream = ofMine(topic)
        if (stream) this.#live(topic, stream, frame)
      },
      extra: (topic, kind, frames) => {
        if (mayBeMine(topic)) out.extra?.(topic, kind, frames)
      },
      state: (topic, state) => {
        if (!mayBeMine(topic)) return
        const stream = this.#streams.get(topic) ?? this.#follow(topic, sink)
        if (stream.journals.heard(state)) stream.healing.retry()
        out.state?.(topic, state)
      },
      left: (topic, node) => {
        const stream = ofMine(topic)
        stream?.journals.left(node)
        if (stream) out.left?.(topic, node)
      },
      online: (topic, online, reason) => {
        if (mayBeMine(topic)) out.online?.(topic, online, reason)
      },
      retired: (topic) => {
        const stream = ofMine(topic)
        if (stream) this.#retired(topic, stream)
      },
      lost: () => {
        this.#pace.restart(monotonicMs())
        out.lost?.()
      },
    }
    return sink
  }

  /** Closes slots by the clock, and sees to what is missing. */
  tick(): void {
    const nowMs = monotonicMs()
    const nowUtcMs = utcMs()
    for (const { ledger } of this.#streams.values()) ledger.close(nowUtcMs * 1000)
    if (nowMs - this.#secondMs >= SECOND_MS) {
      this.#secondMs = nowMs
      this.#everySecond(nowMs)
    }
    if (this.#config.recovery.mode === 'none') this.#giveUpAll()
    else this.#puller.look()
  }

  room(topic?: string): void {
    if (this.#config.recovery.mode === 'none') return
    const one = topic === undefined ? undefined : this.#streams.get(topic)
    const all = topic === undefined ? this.#streams.values() : one ? [one] : []
    for (const { ledger, healing } of all) {
      if (ledger.pending > 0 || healing.handBytes > 0) this.#puller.give(healing)
    }
  }

  release(topic: string, timeUs: number, as: 'live' | 'late'): void {
    const stream = this.#streams.get(topic)
    if (!stream?.ledger.release(timeUs, as)) return
    this.#deps.held?.released(topic, timeUs, as)
    stream.healing.retry()
  }

  pendingBefore(topic: string, timeUs: number): boolean {
    return this.#streams.get(topic)?.ledger.pendingBefore(timeUs) ?? false
  }

  accounts(): ReadonlyMap<string, Account> {
    return new Map([...this.#streams].map(([topic, { ledger }]) => [topic, ledger.account()]))
  }

  close(): void {
    this.#forget()
    this.#puller.close()
    this.#client.close()
  }

  #follow(topic: string, sink: StreamSink): ConsumedStream {
    const { recovery } = this.#config
    const { held } = this.#deps
    const ledger = held?.ledger(topic) ?? new StreamLedger(recovery)
    const [epochs, journals] = [new Epochs(), new Journals()]
    const healing: Healing = new Healing(
      {
        stream: topic,
        ledger,
        journals,
        epochs,
        maxAgeDays: recovery.maxAgeDays,
        room: () => this.#deps.sink.lateRoom(topic),
        give: (frame, epoch) => this.#late(topic, ledger, frame, epoch),
        unreadable: () => this.#unreadable.add(),
        unneeded: () => this.#unneeded.add(),
        explained: (ranges) => held?.absent(topic, ranges),
      },
      utcMs(),
    )
    const stream: ConsumedStream = {
      sink,
      ledger,
      epochs,
      journals,
      lateness: new Lateness(),
      healing,
      timeBase: 0,
      liveMs: Number.NEGATIVE_INFINITY,
    }
    this.#streams.set(topic, stream)
    this.#puller.add(healing)
    return stream
  }

  /** The hot path: nothing is waited for, nothing made. */
  #live(topic: string, stream: ConsumedStream, frame: Uint8Array): void {
    const { sink, held } = this.#deps
    const verdict = stream.ledger.live(frame, utcMs() * 1000)
    if (verdict === 'fresh') {
      const taken = sink.live(topic, frame)
      if (taken !== false) stream.ledger.take()
      const timeUs = timeUsOf(frame, stream.timeBase)
      if (taken === true) held?.took(topic, timeUs, 'live')
      else if (taken === 'kept') held?.kept(topic, timeUs, 'live')
      const nowMs = monotonicMs()
      stream.liveMs = nowMs
      this.#pace.live(stream.lateness.of(nowMs, timeUs), nowMs)
    } else if (verdict === 'outside') sink.live(topic, frame)
    else if (verdict === 'conflict') sink.conflict?.(topic, frame)
  }

  #late(topic: string, ledger: StreamLedger, frame: Uint8Array, { configuration, fragments }: Epoch): Given {
    const { sink, held } = this.#deps
    const verdict = ledger.late(frame, configuration, utcMs() * 1000)
    if (verdict === 'conflict') sink.conflict?.(topic, frame)
    if (verdict !== 'fresh') return 'done'
    const taken = sink.late(topic, frame, fragments)
    if (taken === false) return 'refused'
    const timeUs = timeUsOf(frame, configuration.timeBase)
    if (taken === true || taken === 'kept') {
      ledger.take()
      if (taken === true) held?.took(topic, timeUs, 'late')
      else held?.kept(topic, timeUs, 'late')
    } else {
      ledger.giveUp(taken)
      held?.gaveUp(topic, timeUs, taken)
    }
    return 'done'
  }

  #retired(topic: string, { healing }: ConsumedStream): void {
    this.#streams.delete(topic)
    this.#puller.remove(healing)
    this.#deps.held?.retired(topic)
    this.#deps.metrics.forget({ consumer: this.#config.id, stream: topic })
    this.#deps.sink.retired?.(topic)
  }

  #connected(): void {
    this.#pace.restart(monotonicMs())
    for (const { journals, healing } of this.#streams.values()) {
      journals.rested()
      healing.retry()
    }
  }

  #giveUpAll(): void {
    const { lostBecause = 'no-recovery' } = this.#config
    const all = [{ fromUs: -Infinity, toUs: Infinity, verdict: 'lost', reason: lostBecause }] as const
    for (const [topic, { ledger }] of this.#streams) {
      if (ledger.pending > 0 && ledger.absent(all) > 0) this.#deps.held?.absent(topic, all)
    }
  }

  #everySecond(nowMs: number): void {
    const isNewBaseline = nowMs - this.#baselineMs >= BASELINE_MS
    if (isNewBaseline) this.#baselineMs = nowMs
    let periodMs = Number.POSITIVE_INFINITY
    for (const { lateness, epochs, liveMs } of this.#streams.values()) {
      if (isNewBaseline) lateness.turn()
      const rate = framesPerSecond(epochs.inForce?.configuration.dataRate ?? 0)
      if (rate > 0 && nowMs - liveMs < Math.max(SECOND_MS, 3000 / rate)) periodMs = Math.min(periodMs, SECOND_MS / rate)
    }
    this.#pace.turn(nowMs, Number.isFinite(periodMs) ? periodMs : undefined)
  }
}
