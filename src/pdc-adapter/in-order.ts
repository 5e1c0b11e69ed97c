import type { LateTaken } from '../recovery/index.ts'
import { type LateLane, MAX_UNSENT_BYTES, type Outlet } from './late-lane.ts'

/** Late frames that are taken at a time. */
const ROOM = 1024
/** Bytes of a stream that wait; beyond it the oldest go, and what was missing before them comes too late. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024

/** Shared by all streams of an adapter; at its end a stream that wants more lets its oldest go. */
export interface WaitingRoom {
  readonly maxBytes: number
  usedBytes: number
  /** Frames that went before others that were missing: they had waited too long, or took too much room. */
  waitedOut: number
}

interface Waiting {
  readonly timeUs: number
  readonly frame: Uint8Array
  readonly as: 'live' | 'late'
  readonly sinceMs: number
}

/**
 * Every frame waits until those before it have gone, or it is known that they
 * never will; but not longer than a set time. What comes after that for an
 * earlier timestamp is too late.
 */
export class InOrderLane implements LateLane {
  readonly #outlet: Outlet
  readonly #maxWaitMs: number
  readonly #room: WaitingRoom
  /** By time, oldest first. */
  #waiting: Waiting[] = []
  #bytes = 0
  #sentUs = Number.NEGATIVE_INFINITY
  #release: NodeJS.Immediate | undefined

  constructor(outlet: Outlet, maxWaitMs: number, room: WaitingRoom) {
    this.#outlet = outlet
    this.#maxWaitMs = maxWaitMs
    this.#room = room
  }

  live(frame: Uint8Array, timeUs: number, nowMs: number): boolean | 'kept' {
    if (!this.#hasReceivers()) return this.#letGo()
    // Of a clock that was set back: nothing to be ordered by.
    if (timeUs <= this.#sentUs) return this.#send(frame, this.#sentUs)
    if (this.#isNext(timeUs)) return this.#send(frame, timeUs)
    const kept = this.#keep(frame, timeUs, 'live', nowMs)
    return kept === 'too-late' ? false : kept
  }

  late(frame: Uint8Array, timeUs: number, nowMs: number): LateTaken {
    if (!this.#hasReceivers()) return this.#letGo()
    if (timeUs <= this.#sentUs) return 'too-late'
    if (this.#isNext(timeUs)) {
      // With it the way may be free for those that wait; the account knows when this has returned.
      this.#release ??= setImmediate(this.#releaseNow)
      return this.#send(frame, timeUs)
    }
    return this.#keep(frame, timeUs, 'late', nowMs)
  }

  lateRoom(): number {
    const { output } = this.#outlet
    return output && output.receivers > 0 && output.bufferedBytes <= MAX_UNSENT_BYTES ? ROOM : 0
  }

  configuration(): void {
    while (this.#waiting.length > 0) this.#sendFirst()
  }

  tick(nowMs: number): void {
    if (!this.#hasReceivers()) {
      this.#letGo()
      return
    }
    while (this.#waiting.length > 0 && nowMs - this.#waiting[0]!.sinceMs > this.#maxWaitMs) this.#waitNoLonger()
    this.#releaseNow()
    this.#outlet.room()
  }

  readonly #releaseNow = (): void => {
    this.#release = undefined
    while (this.#waiting.length > 0 && !this.#isMissingBefore(this.#waiting[0]!.timeUs)) this.#sendFirst()
  }

  #hasReceivers(): boolean {
    return (this.#outlet.output?.receivers ?? 0) > 0
  }

  #isNext(timeUs: number): boolean {
    const first = this.#waiting[0]
    return (!first || timeUs < first.timeUs) && !this.#isMissingBefore(timeUs)
  }

  /** What is older than what was sent can only come too late: nothing waits for it. */
  #isMissingBefore(timeUs: number): boolean {
    return this.#outlet.pendingBetween(this.#sentUs, timeUs)
  }

  #send(frame: Uint8Array, timeUs: number): boolean {
    if (this.#outlet.output?.data(frame) !== true) return false
    this.#sentUs = timeUs
    return true
  }

  #keep(frame: Uint8Array, timeUs: number, as: 'live' | 'late', sinceMs: number): boolean | 'kept' | 'too-late' {
    while (this.#waiting.length > 0 && this.#isTooMuch(frame.length)) this.#waitNoLonger()
    if (timeUs <= this.#sentUs) return as === 'late' ? 'too-late' : this.#send(frame, this.#sentUs)
    if (this.#isTooMuch(frame.length)) {
      this.#room.waitedOut++
      return this.#send(frame, timeUs)
    }
    // A copy: a view would keep the whole socket read it came in.
    const waiting = { timeUs, frame: new Uint8Array(frame), as, sinceMs }
    let at = this.#waiting.length
    while (at > 0 && this.#waiting[at - 1]!.timeUs > timeUs) at--
    this.#waiting.splice(at, 0, waiting)
    this.#count(frame.length)
    return 'kept'
  }

  #isTooMuch(more: number): boolean {
    const { maxBytes, usedBytes } = this.#room
    return this.#bytes + more > MAX_WAITING_BYTES || usedBytes + more > maxBytes
  }

  #waitNoLonger(): void {
    this.#room.waitedOut++
    this.#sendFirst()
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    this.#room.usedBytes += bytes
  }

  #sendFirst(): void {
    const { frame, timeUs, as } = this.#takeFirst()
    if (this.#send(frame, timeUs)) this.#outlet.delivered(timeUs, as)
    else this.#outlet.release(timeUs, as)
  }

  #takeFirst(): Waiting {
    const first = this.#waiting.shift()!
    this.#count(-first.frame.length)
    return first
  }

  /** Nobody is there any more: what waits is pending again, and whoever comes next begins anew. */
  #letGo(): false {
    this.#sentUs = Number.NEGATIVE_INFINITY
    while (this.#waiting.length > 0) {
      const { timeUs, as } = this.#takeFirst()
      this.#outlet.release(timeUs, as)
    }
    return false
  }
}
