/**
 * Streams whose frames stopped at the broker in use while those of others go
 * on there: their producer may reach another broker only. Each is subscribed
 * at one that has it, by its exact topic, until its frames come by the broker in
 * use again.
 */
import type { Log } from '../runtime/service.ts'
import { meaningOf } from '../streams/index.ts'
import { TRIAL_MS } from './broker-trial.ts'
import type { Bus, MessageHandler, Subscription } from './bus.ts'
import { DATA_SILENCE_MS, FlowWatch } from './flow-watch.ts'
import { isDataFrame } from './is-data-frame.ts'

export interface StrayStreamsOptions {
  readonly members: readonly Bus[]
  readonly log: Log
  /** What another broker brings of a stream. */
  readonly deliver: MessageHandler
}

/** No broker had it: it is looked for again after this, twice as late each time. */
const FIRST_PAUSE_MS = 5000
const MAX_PAUSE_MS = 60_000
/** More streams are not watched: they come by the broker in use, or not. */
const MAX_STREAMS = 20_000
/** Streams that are looked for at once. */
const MAX_TRIALS = 64

interface Elsewhere {
  readonly member: Bus
  readonly subscription: Subscription
  readonly untilMs: number
  /** Its frames come there. */
  isFound: boolean
  /** The configuration that broker has, until they do: without them it may be one of long ago. */
  configuration: Uint8Array | undefined
}

interface Watched {
  readonly topic: string
  readonly flow: FlowWatch
  frames: number
  elsewhere: Elsewhere | undefined
  /** Those that were tried since it stopped. */
  readonly tried: Set<Bus>
  searchAt: number
  pauseMs: number
}

export class StrayStreams {
  readonly #options: StrayStreamsOptions
  readonly #streams = new Map<string, Watched>()
  #trials = 0

  constructor(options: StrayStreamsOptions) {
    this.#options = options
  }

  /** A data frame came by the broker in use. */
  came(topic: string): void {
    const stream = this.#streams.get(topic) ?? this.#meet(topic)
    if (stream) stream.frames++
  }

  /** To be called with every tick of the flows; `inUse` is connected, and has frames. */
  tick(now: number, inUse: Bus): void {
    for (const stream of this.#streams.values()) {
      stream.flow.tick(now, stream.frames)
      if (!stream.flow.isSilent) this.#isBack(stream)
      else this.#look(stream, inUse, now)
    }
  }

  /** Another broker is in use, or none: everything begins anew. */
  moved(): void {
    for (const stream of this.#streams.values()) {
      this.#leave(stream)
      stream.tried.clear()
      stream.flow.moved()
    }
  }

  /** Nobody wants any of it. */
  forget(): void {
    this.moved()
    this.#streams.clear()
  }

  #meet(topic: string): Watched | undefined {
    if (this.#streams.size >= MAX_STREAMS || meaningOf(topic)?.kind !== 'frames') return undefined
    const stream: Watched = {
      topic,
      flow: new FlowWatch(DATA_SILENCE_MS),
      frames: 0,
      elsewhere: undefined,
      tried: new Set(),
      searchAt: 0,
      pauseMs: 0,
    }
    this.#streams.set(topic, stream)
    return stream
  }

  #isBack(stream: Watched): void {
    stream.tried.clear()
    stream.searchAt = stream.pauseMs = 0
    if (!stream.elsewhere) return
    if (stream.elsewhere.isFound) this.#tell(stream, stream.elsewhere, 'a stream comes by the broker in use again')
    this.#leave(stream)
  }

  #look(stream: Watched, inUse: Bus, now: number): void {
    const { elsewhere } = stream
    if (elsewhere) {
      const isGood = elsewhere.isFound ? elsewhere.member.connected : now < elsewhere.untilMs
      if (isGood) return
      this.#leave(stream)
    }
    if (now < stream.searchAt || this.#trials >= MAX_TRIALS) return
    const member = this.#options.members.find((one) => one !== inUse && one.connected && !stream.tried.has(one))
    if (member) {
      this.#try(stream, member, now)
      return
    }
    stream.tried.clear()
    stream.pauseMs = Math.min(stream.pauseMs * 2 || FIRST_PAUSE_MS, MAX_PAUSE_MS)
    stream.searchAt = now + stream.pauseMs
  }

  #try(stream: Watched, member: Bus, now: number): void {
    stream.tried.add(member)
    this.#trials++
    const subscription = member.subscribe(stream.topic, (topic, payload) => {
      if (stream.elsewhere !== elsewhere) return
      if (!elsewhere.isFound && !isDataFrame(payload)) {
        elsewhere.configuration = payload
        return
      }
      if (!elsewhere.isFound) this.#found(stream, elsewhere)
      this.#options.deliver(topic, payload, false)
    })
    // A broker that refuses it does not have it.
    subscription.granted.catch(() => {})
    const elsewhere: Elsewhere = {
      member,
      subscription,
      untilMs: now + TRIAL_MS,
      isFound: false,
      configuration: undefined,
    }
    stream.elsewhere = elsewhere
  }

  #found(stream: Watched, elsewhere: Elsewhere): void {
    elsewhere.isFound = true
    this.#trials--
    stream.tried.clear()
    stream.pauseMs = 0
    this.#tell(stream, elsewhere, 'a stream stopped at the broker in use, and comes from another one')
    const { configuration } = elsewhere
    elsewhere.configuration = undefined
    if (configuration && configuration.length > 0) this.#options.deliver(stream.topic, configuration, false)
  }

  #leave(stream: Watched): void {
    const { elsewhere } = stream
    stream.elsewhere = undefined
    if (!elsewhere) return
    if (!elsewhere.isFound) this.#trials--
    elsewhere.subscription.close()
  }

  #tell({ topic }: Watched, { member }: Elsewhere, message: string): void {
    this.#options.log.warn({ stream: topic, broker: member.name }, message)
  }
}
