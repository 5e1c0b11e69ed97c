/** How fast a backlog may come without making late what is live. */
import type { Pace } from '../bus/index.ts'
import { FadingHistogram } from './fading-histogram.ts'

/** Messages per millisecond: 20 per 4 ms did no harm beside a backlog of 150,000 on the reference machine. */
const FIRST_PER_MS = 5
const MIN_PER_MS = 0.1
const MAX_PER_MS = 25
/** Faster by this much after each reporting period in which live frames were on time. */
const GAIN = 1.02
/** What was not taken is not saved up for longer than this. */
const BURST_MS = 4
/** Share of the live frames of a period that may come too late. */
const TOLERATED = 0.1
/** What a second old frame still counts for in what is normal. */
const FADE_PER_S = 0.9
/** So often nothing is taken until a live frame has shown what is normal, for so many periods at most. */
const LOOK_MS = 1000
const LOOK_PERIODS = 4

/**
 * A rate that is halved when live frames come later than they usually do, and
 * grows while they do not. Pure: times are monotonic milliseconds.
 */
export class SessionPace implements Pace {
  readonly #clock: () => number
  /** Whether the consumer would take a late frame now. */
  readonly #hasRoom: () => boolean
  #perMs = FIRST_PER_MS
  #allowance = 0
  #asked: number
  #periodMs = 20
  readonly #usual = new FadingHistogram()
  #limitMs: number
  #isLimitOld = false
  #fadedMs: number
  #lookedMs = Number.NEGATIVE_INFINITY
  #liveMs = Number.NEGATIVE_INFINITY
  /** Last time that something was taken: what comes after is normal. */
  #tookMs = Number.NEGATIVE_INFINITY
  #heldUntilMs = Number.NEGATIVE_INFINITY
  #watchedMs: number
  #frames = 0
  #tooLate = 0

  constructor(clock: () => number, hasRoom: () => boolean = () => true) {
    this.#clock = clock
    this.#hasRoom = hasRoom
    const now = clock()
    this.#asked = this.#fadedMs = this.#watchedMs = now
    this.#limitMs = this.#limit()
  }

  /** Messages per second that may come now. */
  get perSecond(): number {
    return this.#perMs * 1000
  }

  take(wanted: number): number {
    const now = this.#clock()
    this.#allowance = Math.min(Math.max(1, this.#perMs * BURST_MS), this.#allowance + (now - this.#asked) * this.#perMs)
    this.#asked = now
    if (this.#looks(now) || !this.#hasRoom()) return 0
    const taken = Math.min(wanted, Math.floor(this.#allowance))
    this.#allowance -= taken
    if (taken > 0) this.#tookMs = now
    return taken
  }

  /** The shortest reporting period of the streams that are live, in ms. */
  period(periodMs: number): void {
    this.#periodMs = Math.min(1000, Math.max(1, periodMs))
    this.#limitMs = this.#limit()
  }

  /** A live frame came so much later than the best of its stream. */
  live(lateMs: number, now: number): void {
    this.#liveMs = now
    if (now - this.#tookMs > this.#periodMs + lateMs) {
      this.#normal(lateMs, now)
      return
    }
    if (now < this.#heldUntilMs) return
    if (this.#isLimitOld) this.#limitMs = this.#limit()
    this.#isLimitOld = false
    this.#frames++
    if (lateMs > this.#limitMs) this.#tooLate++
    if (now - this.#watchedMs < this.#periodMs && lateMs <= this.#limitMs + this.#periodMs / 2) return
    if (this.#tooLate > TOLERATED * this.#frames) {
      this.#perMs = Math.max(MIN_PER_MS, this.#perMs / 2)
      // What is on its way has to come before anything can be seen of it.
      this.#heldUntilMs = now + this.#periodMs
    } else this.#perMs = Math.min(MAX_PER_MS, this.#perMs * GAIN)
    this.#watchedMs = now
    this.#frames = 0
    this.#tooLate = 0
  }

  #normal(lateMs: number, now: number): void {
    this.#usual.add(lateMs)
    this.#watchedMs = now
    this.#lookedMs = now
    this.#isLimitOld = true
    if (now - this.#fadedMs < 1000) return
    this.#usual.fade(FADE_PER_S)
    this.#fadedMs = now
  }

  /** Without live frames there is nothing to look at. */
  #looks(now: number): boolean {
    const sinceMs = now - this.#lookedMs
    if (sinceMs < LOOK_MS || now - this.#liveMs > LOOK_PERIODS * this.#periodMs) return false
    if (sinceMs < LOOK_MS + LOOK_PERIODS * this.#periodMs) return true
    this.#lookedMs = now
    return false
  }

  /** Later than 19 of 20 frames come anyway, and that much again, half a period at most. */
  #limit(): number {
    const usualMs = this.#usual.quantile(0.95) ?? this.#periodMs / 16
    return usualMs + Math.min(Math.max(usualMs, this.#periodMs / 20), this.#periodMs / 2)
  }
}
