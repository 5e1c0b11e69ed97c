/** What time it is by the PMUs, whose clocks are set by satellites: this computer's may be wrong. Pure. */

/** Of a stream that flows: the time of its newest frame, and when that came. */
export interface HeardTime {
  readonly topic: string
  /** Seconds since 1970. */
  readonly timeS: number
  /** Of `performance.now()`. */
  readonly cameMs: number
}

export interface Clocks {
  /** Of `performance.now()`. */
  readonly nowMs: () => number
  /** This computer's, in seconds since 1970. */
  readonly computerS: () => number
}

const LOOK_MS = 250
/** Of a stream counts the frame that took least, of so long at least: latency only ever takes from its time. */
const KEPT_MS = 2000
/** Streams that are so much ahead of the median took less on their way; what is further ahead has a wrong clock. */
const NEAR_S = 0.5
/** Without a frame for so long, nothing is left that is drawn, and this computer's clock is as good as any. */
const FORGOTTEN_S = 60
/** A clock was set, or traffic that was recorded begins anew. What is less is caught up with, and no plot jumps. */
const LEAP_S = 1
/** Seconds a second. */
const CATCH_UP = 0.1

export class FrameClock {
  readonly #heard: () => readonly HeardTime[]
  readonly #clocks: Clocks
  /** By topic, the greatest time of a frame less `performance.now()`: of this while, and of the one before. */
  #newer = new Map<string, number>()
  #older = new Map<string, number>()
  #turnedMs = Number.NEGATIVE_INFINITY
  #lookedMs = Number.NEGATIVE_INFINITY
  #readMs = Number.NEGATIVE_INFINITY
  #heardS = Number.NEGATIVE_INFINITY
  #medianS: number | undefined
  #wantedS = 0
  /** What is told is ahead of `performance.now()` by so much. */
  #aheadS: number | undefined
  /** This computer's clock is ahead of `performance.now()` by so much. */
  #computerAheadS: number | undefined
  /** Frames of before are not looked at. */
  #sinceMs = Number.NEGATIVE_INFINITY

  constructor(
    heard: () => readonly HeardTime[],
    clocks: Clocks = { nowMs: () => performance.now(), computerS: () => Date.now() / 1000 },
  ) {
    this.#heard = heard
    this.#clocks = clocks
  }

  /** Seconds since 1970; by this computer where no frame tells. */
  get nowS(): number {
    const nowMs = this.#lookIfDue()
    const passedS = (nowMs - this.#readMs) / 1000
    this.#readMs = nowMs
    if (this.#aheadS === undefined) return this.#clocks.computerS()
    const leftS = this.#wantedS - this.#aheadS
    const mostS = Math.abs(leftS) > LEAP_S ? Number.POSITIVE_INFINITY : CATCH_UP * passedS
    this.#aheadS += Math.sign(leftS) * Math.min(Math.abs(leftS), mostS)
    return nowMs / 1000 + this.#aheadS
  }

  /** By how much this computer's clock is ahead of the PMUs'; negative: behind. Undefined where no frame tells. */
  get computerAheadS(): number | undefined {
    const nowMs = this.#lookIfDue()
    if (this.#medianS === undefined) return undefined
    return this.#clocks.computerS() - nowMs / 1000 - this.#medianS
  }

  #lookIfDue(): number {
    const nowMs = this.#clocks.nowMs()
    if (nowMs - this.#lookedMs >= LOOK_MS) this.#look(nowMs)
    return nowMs
  }

  #look(nowMs: number): void {
    this.#lookedMs = nowMs
    const computerS = this.#clocks.computerS()
    this.#forgetIfSlept(nowMs, computerS)
    if (nowMs - this.#turnedMs >= KEPT_MS) {
      this.#turnedMs = nowMs
      this.#older = this.#newer
      this.#newer = new Map()
    }
    const heard = this.#heard().filter(({ cameMs }) => cameMs > this.#sinceMs)
    if (heard.length === 0) {
      this.#medianS = undefined
      // By this computer: where it slept, `performance.now()` may have too.
      if (Math.abs(computerS - this.#heardS) > FORGOTTEN_S) this.#aheadS = undefined
      return
    }
    for (const { topic, timeS, cameMs } of heard) {
      const before = this.#newer.get(topic) ?? Number.NEGATIVE_INFINITY
      this.#newer.set(topic, Math.max(before, timeS - cameMs / 1000))
    }
    const all = Float64Array.from(this.#newer, ([topic, aheadS]) =>
      Math.max(aheadS, this.#older.get(topic) ?? Number.NEGATIVE_INFINITY),
    ).sort()
    this.#heardS = computerS
    this.#medianS = medianOf(all, computerS - nowMs / 1000)
    this.#wantedS = all.findLast((aheadS) => aheadS - this.#medianS! <= NEAR_S)!
    this.#aheadS ??= this.#wantedS
  }

  /** `performance.now()` may stand still while a computer sleeps: what was heard before is no longer of now. */
  #forgetIfSlept(nowMs: number, computerS: number): void {
    const aheadS = computerS - nowMs / 1000
    const before = this.#computerAheadS
    this.#computerAheadS = aheadS
    if (before === undefined || Math.abs(aheadS - before) <= FORGOTTEN_S) return
    this.#sinceMs = nowMs
    this.#newer.clear()
    this.#older.clear()
    this.#aheadS = undefined
  }
}

/** Of an even number, the one of the two in the middle that is nearer `usual`: of two clocks, the one that is right. */
function medianOf(sorted: Float64Array, usual: number): number {
  const upper = sorted[sorted.length >> 1]!
  const lower = sorted[(sorted.length - 1) >> 1]!
  return Math.abs(upper - usual) < Math.abs(lower - usual) ? upper : lower
}
