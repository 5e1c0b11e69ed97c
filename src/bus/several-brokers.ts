import type { BrokerConfig } from '../config/bus.ts'
import { monotonicMs } from '../runtime/clock.ts'
import type { Counter, Gauge } from '../runtime/service.ts'
import { matchesFilter } from '../streams/index.ts'
import { BrokerTrial, TRIAL_MS } from './broker-trial.ts'
import type { MessageHandler, PublishOptions, Settled, SubscribeOptions, Subscription } from './bus.ts'
import type { FailoverBus, FailoverDeps } from './failover-bus.ts'
import { type Arrived, FailoverSubscription } from './failover-subscription.ts'
import { DATA_SILENCE_MS, FLOW_TICK_MS, FlowWatch } from './flow-watch.ts'
import { isDataFrame } from './is-data-frame.ts'
import { brokerName, returnSettings } from './link-settings.ts'
import { MqttBus } from './mqtt-bus.ts'
import { NearestFirst } from './nearest-first.ts'
import { StrayStreams } from './stray-streams.ts'

type MoveReason = 'connection-lost' | 'data-silence' | 'unreachable' | 'returned' | 'followed'

/** No broker had frames: they are looked for again after this, twice as late each time. */
const SEARCH_PAUSE_MS = 5000
const MAX_SEARCH_PAUSE_MS = 40_000
/** A nearer broker may be so much slower to connect than one further off when all begin at once. */
const HEAD_START_MS = 1000

interface Trying {
  readonly index: number
  readonly reason: MoveReason
  readonly trial: BrokerTrial
  readonly untilMs: number
}

/** See {@link startFailoverBus}. */
export class SeveralBrokers implements FailoverBus {
  readonly members: readonly MqttBus[]
  readonly done: Promise<void>
  readonly #deps: FailoverDeps
  readonly #choice: NearestFirst
  readonly #entries = new Set<FailoverSubscription>()
  readonly #onConnect = new Set<() => void>()
  readonly #onMove = new Set<() => void>()
  readonly #activeGauges: readonly Gauge[]
  readonly #flow = new FlowWatch(DATA_SILENCE_MS)
  readonly #strays: StrayStreams
  /** Data frames that came by the broker in use. */
  #frames = 0
  #active = 0
  /** It was connected at least once. */
  #wasUsed = false
  #trying: Trying | undefined
  /** Brokers without frames are not tried again before this. */
  #searchAt = 0
  #searchPauseMs = 0
  readonly #headStartMs: number
  /** Could not be reached, nor ever was. */
  readonly #refused = new Set<number>()

  constructor(brokers: readonly BrokerConfig[], deps: FailoverDeps) {
    this.#deps = deps
    const { metrics, role = 'node' } = deps
    this.#choice = new NearestFirst(brokers.length, returnSettings(brokers[0]!))
    const names = brokers.map(({ url }) => brokerName(url))
    this.#activeGauges = names.map((broker) =>
      metrics.gauge('phasorbus_bus_active', '1 while subscriptions are on this broker, of several.', { broker, role }),
    )
    this.#headStartMs = monotonicMs() + HEAD_START_MS
    this.members = brokers.map(
      (broker, index) =>
        new MqttBus(broker, deps, {
          brokers: names,
          onUp: () => this.#up(index),
          onDown: () => this.#down(index),
          onRefused: () => this.#wasRefused(index),
        }),
    )
    this.#strays = new StrayStreams({ members: this.members, log: deps.log, deliver: this.#deliverStray })
    this.#activeGauges[0]!.set(1)
    const timer = setInterval(this.#tick, FLOW_TICK_MS).unref()
    const unfollow = deps.follow?.onMove(this.#tick)
    this.done = Promise.all(this.members.map((member) => member.done)).then(() => {
      clearInterval(timer)
      unfollow?.()
    })
  }

  get active(): number {
    return this.#active
  }

  get name(): string {
    return this.#bus.name
  }

  get connected(): boolean {
    return this.#bus.connected
  }

  get lagMs(): number {
    return this.#bus.lagMs
  }

  publish(topic: string, payload: Uint8Array, options: PublishOptions, settled?: Settled): boolean {
    return this.#bus.publish(topic, payload, options, settled)
  }

  subscribe(filter: string, handler: MessageHandler, options: SubscribeOptions = {}): Subscription {
    const entry = new FailoverSubscription(filter, handler, options, (closed) => {
      this.#entries.delete(closed)
      // Frames that nobody reads any more are no silence.
      if (closed.hasFrames) this.#forgetFlow()
      this.#trying?.trial.delete(closed)
    })
    this.#entries.add(entry)
    entry.use(entry.attach(this.#bus, { arrived: this.#deliver }))
    this.#trying?.trial.add(entry)
    return entry
  }

  renew(): boolean {
    return this.#bus.renew()
  }

  announce(): void {
    for (const member of this.members) member.announce()
  }

  onConnect(callback: () => void): () => void {
    this.#onConnect.add(callback)
    if (this.connected) callback()
    return () => this.#onConnect.delete(callback)
  }

  onMove(callback: () => void): () => void {
    this.#onMove.add(callback)
    return () => this.#onMove.delete(callback)
  }

  get #bus(): MqttBus {
    return this.members[this.#active]!
  }

  readonly #deliver: Arrived = (entry, topic, payload, retained) => {
    if (!retained && isDataFrame(payload)) {
      this.#frames++
      entry.hasFrames = true
      // Who follows another one is there for requests and answers.
      if (!this.#deps.follow) this.#strays.came(topic)
    }
    entry.handler(topic, payload, retained)
  }

  readonly #deliverStray: MessageHandler = (topic, payload, retained) => {
    for (const { filter, handler } of this.#entries) {
      if (matchesFilter(filter, topic)) handler(topic, payload, retained)
    }
  }

  #forgetFlow(): void {
    this.#flow.forget()
    this.#strays.forget()
  }

  #up(index: number): void {
    const now = monotonicMs()
    this.#refused.delete(index)
    this.#choice.healthy(index, true, now)
    if (index === this.#active) {
      this.#wasUsed = true
      this.#choice.used(index, now)
      for (const callback of this.#onConnect) callback()
    } else this.#leaveDead(now)
  }

  #down(index: number): void {
    const now = monotonicMs()
    if (this.#trying?.index === index) this.#abandon()
    if (index !== this.#active) {
      this.#choice.healthy(index, false, now)
      return
    }
    this.#choice.failed(index, now)
    this.#leaveDead(now)
  }

  #wasRefused(index: number): void {
    const now = monotonicMs()
    this.#refused.add(index)
    if (index !== this.#active) return
    this.#choice.failed(index, now)
    this.#leaveDead(now)
  }

  /** The broker in use is away: to the next that is not. */
  #leaveDead(now: number): void {
    if (this.#deps.signal.aborted || this.connected) return
    // Begun together, the nearest may be the last to be there.
    const isBeginning = now < this.#headStartMs && !this.#refused.has(this.#active) && !this.#wasUsed
    if (isBeginning) return
    const next = this.#choice.order().find((index) => this.members[index]!.connected)
    if (next === undefined) return
    const reason = this.#wasUsed ? 'connection-lost' : 'unreachable'
    if (this.#trying?.index === next) this.#take(this.#trying, reason)
    else this.#moveAtOnce(next, reason)
  }

  readonly #tick = (): void => {
    const now = monotonicMs()
    this.#flow.tick(now, this.#frames)
    for (const [index, { connected }] of this.members.entries()) this.#choice.healthy(index, connected, now)
    if (this.#deps.signal.aborted) return
    if (!this.connected) {
      this.#leaveDead(now)
      return
    }
    this.#wasUsed = true
    this.#choice.used(this.#active, now)
    if (this.#trying) {
      if (now >= this.#trying.untilMs) this.#tooLate(this.#trying, now)
      else if (this.#trying.reason === 'data-silence' && !this.#flow.isSilent) this.#abandon()
      return
    }
    if (this.#deps.follow) this.#followOther(this.#deps.follow.active, now)
    else if (this.#flow.isSilent) this.#search(0, now)
    else {
      this.#strays.tick(now, this.#bus)
      this.#searchPauseMs = 0
      this.#searchAt = 0
      const nearer = this.#choice.better(this.#active, now)
      if (nearer !== undefined) this.#try(nearer, 'returned', now)
    }
  }

  #followOther(target: number, now: number): void {
    if (target !== this.#active && this.members[target]?.connected) this.#try(target, 'followed', now)
  }

  /** For frames: at one broker after the other, then not for a while. */
  #search(from: number, now: number): void {
    if (now < this.#searchAt) return
    const others = this.#choice.order().filter((index) => index !== this.#active && this.members[index]!.connected)
    const index = others[from]
    if (index === undefined) {
      if (this.#searchPauseMs === 0) {
        this.#deps.log.warn({ broker: this.name }, 'no broker has the frames that used to come')
      }
      this.#searchPauseMs = Math.min(this.#searchPauseMs * 2 || SEARCH_PAUSE_MS, MAX_SEARCH_PAUSE_MS)
      this.#searchAt = now + this.#searchPauseMs
      return
    }
    this.#try(index, 'data-silence', now)
  }

  #try(index: number, reason: MoveReason, now: number): void {
    const needsFrames = reason === 'data-silence' || (reason === 'returned' && this.#flow.isExpected)
    const trying: Trying = {
      index,
      reason,
      untilMs: now + TRIAL_MS,
      trial: new BrokerTrial(this.members[index]!, needsFrames, () => this.#take(trying, reason)),
    }
    this.#trying = trying
    for (const entry of this.#entries) trying.trial.add(entry)
    if (this.#trying === trying && trying.trial.isReady) this.#take(trying, reason)
  }

  /** It did not give what it should: stay. */
  #tooLate(trying: Trying, now: number): void {
    this.#abandon()
    if (trying.reason === 'returned') {
      this.#choice.used(trying.index, now)
      this.#choice.failed(trying.index, now)
    } else if (trying.reason === 'data-silence') {
      const others = this.#choice.order().filter((index) => index !== this.#active && this.members[index]!.connected)
      this.#search(others.indexOf(trying.index) + 1, now)
    }
  }

  #abandon(): void {
    this.#trying?.trial.abandon()
    this.#trying = undefined
  }

  #take(trying: Trying, reason: MoveReason): void {
    if (this.#trying !== trying) return
    this.#trying = undefined
    this.#changeTo(trying.index, reason)
    trying.trial.take(this.#deliver)
    this.#moved()
  }

  #moveAtOnce(index: number, reason: MoveReason): void {
    this.#abandon()
    this.#changeTo(index, reason)
    for (const entry of this.#entries) {
      entry.leave()
      entry.use(entry.attach(this.#bus, { arrived: this.#deliver }))
    }
    this.#moved()
  }

  #changeTo(index: number, reason: MoveReason): void {
    const now = monotonicMs()
    const from = this.#active
    if (reason === 'data-silence') this.#choice.failed(from, now)
    else if (reason === 'returned' || reason === 'followed') this.#choice.returned(from, index)
    this.#active = index
    this.#wasUsed = true
    this.#choice.used(index, now)
    this.#flow.moved()
    this.#activeGauges[from]!.set(0)
    this.#activeGauges[index]!.set(1)
    this.#moves(reason).add()
    this.#deps.log.warn(
      { from: this.members[from]!.name, to: this.members[index]!.name, reason },
      'moved to another broker',
    )
  }

  #moved(): void {
    this.#strays.moved()
    for (const callback of this.#onConnect) callback()
    for (const callback of this.#onMove) callback()
  }

  #moves(reason: MoveReason): Counter {
    return this.#deps.metrics.counter(
      'phasorbus_bus_moves_total',
      'Moves of subscriptions from one broker to another.',
      { reason, role: this.#deps.role ?? 'node' },
    )
  }
}
