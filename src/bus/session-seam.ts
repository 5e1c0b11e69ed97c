/**
 * Two lanes bring the same messages: the live lane those of now, the session
 * lane everything since the connection was lost. Lets each message through
 * once, and says when the session has caught up. Pure; times are monotonic ms.
 *
 * The live lane may end at any moment without a gap or a doubled message: what
 * it brought and the session has yet to bring is known, and dropped then.
 */
import { Digester } from './session-digest.ts'
import { OpenDigests, RecentDigests } from './session-digests.ts'

/** 260 s of 1,000 messages/s. Older ones come a second time, as late ones, for the consumer to drop. */
const MAX_AHEAD = 262_144
/** The session is ahead of the live lane by what is on the way, no more. */
const MAX_BEHIND = 4096
/** What the live lane brought in this time may still be on its way in the session of one that has caught up. */
const IN_FLIGHT_MS = 20
/** Brokers keep the order within a topic; across topics it differs by less than this. */
const OUT_OF_ORDER_MS = 1000
/** A broker that has more to send does so within this time: RabbitMQ on a busy machine needed more than 500 ms. */
const IDLE_MS = 2000
/** A session that is silent for so long will not bring what the live lane brought before. */
const SILENT_MS = 5000

/** `known`: the other lane had it, or this one before. `live`: the session is level with the live lane, and had it first. */
export type SessionVerdict = 'known' | 'live' | 'late'

export class SessionSeam {
  readonly #digests = new Digester()
  /** The live lane had it first. */
  readonly #ahead: OpenDigests
  /** The session had it first. */
  readonly #behind = new OpenDigests(MAX_BEHIND)
  readonly #recent = new RecentDigests()
  /** The session has been seen to be where the live lane is: brokers keep the order, so it stays there. */
  #isLevel = false
  /** When the session last brought anything. */
  #heard = 0
  /** Live messages of the last one to two times IN_FLIGHT_MS. */
  #liveNow = 0
  #liveBefore = 0
  #turned = 0

  constructor(maxAhead = MAX_AHEAD) {
    this.#ahead = new OpenDigests(maxAhead)
  }

  /** Messages of the live lane that were forgotten for want of room, before the session brought them. */
  get evicted(): number {
    return this.#ahead.evicted
  }

  /** A connection of the session, beside a live lane. A fresh session has no backlog. */
  begin(now: number, isFresh: boolean): void {
    this.#isLevel = isFresh
    this.#heard = now
  }

  /** The session is a new one: it brings nothing of what was before. */
  forget(): void {
    this.#ahead.clear()
    this.#behind.clear()
    this.#recent.clear()
  }

  /** The live lane brought it; whether it is news. */
  live(topic: string, payload: Uint8Array, now: number): boolean {
    const digest = this.#digests.of(topic, payload)
    this.#turn(now)
    this.#liveNow++
    if (this.#behind.take(digest) !== undefined) {
      this.#isLevel = true
      return false
    }
    this.#ahead.add(digest, now)
    return true
  }

  /** The session brought it while there is a live lane, or again. `isAgain`: the broker may have sent it before. */
  beside(topic: string, payload: Uint8Array, isAgain: boolean, now: number): SessionVerdict {
    const digest = this.#digests.of(topic, payload)
    this.#heard = now
    if (isAgain && this.#recent.has(digest)) return 'known'
    const since = this.#ahead.take(digest)
    this.#recent.add(digest)
    if (since !== undefined) {
      this.#isLevel = true
      // What the broker kept of the live lane's and not of the session's is held against the session no longer.
      this.#ahead.forgetBefore(since - OUT_OF_ORDER_MS)
      return 'known'
    }
    this.#behind.add(digest, now)
    return this.#isLevel && !isAgain ? 'live' : 'late'
  }

  /** The session brought it, for the first time, and is the only lane; whether it is news. */
  steady(topic: string, payload: Uint8Array): boolean {
    const digest = this.#digests.of(topic, payload)
    this.#recent.add(digest)
    return this.#ahead.size === 0 || this.#ahead.take(digest) === undefined
  }

  /** Whether the session is as new as the live lane. */
  isReached(now: number): boolean {
    this.#turn(now)
    if (now - this.#heard >= SILENT_MS) this.#ahead.forgetBefore(now - SILENT_MS)
    if (this.#ahead.size > this.#liveNow + this.#liveBefore) return false
    return this.#isLevel || now - this.#heard >= IDLE_MS
  }

  /** The live lane is gone for some time: what it brought has come over the session, or will not. */
  settle(): void {
    this.#ahead.clear()
    this.#behind.clear()
  }

  #turn(now: number): void {
    if (now - this.#turned < IN_FLIGHT_MS) return
    this.#liveBefore = now - this.#turned < 2 * IN_FLIGHT_MS ? this.#liveNow : 0
    this.#liveNow = 0
    this.#turned = now
  }
}
