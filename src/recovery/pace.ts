import { FadingHistogram } from './fading-histogram.ts'
import { QuietTimes } from './quiet-times.ts'

/** Smallest pull: 1.6 ms of a 20 Mbit/s link. */
const MIN_BYTES = 4096
/** Added to the window after a reporting period in which nothing came too late. */
const STEP_BYTES = 2048
/** Pulls under way at once, over all streams. */
const MAX_PULLS = 4
/** After live frames were too late, a larger window is not tried for so long; twice as long each time. */
const FIRST_CALM_MS = 1000
const MAX_CALM_MS = 8000
/** Share of the frames of a period that may come later than the limit. */
const TOLERATED = 0.1
const FIRST_PAUSE_MS = 2
const MAX_PAUSE_MS = 1000
/** Without a live frame for so long, and for three periods, there is nothing to harm. */
const IDLE_MS = 1000
/** Live frames whose connection stays away for longer than the other are not waited for. */
const MAX_DOWN_MS = 10_000
/** So often the live frames are looked at while nothing is pulled. */
const LOOK_MS = 1000
/** Beyond this it is a clock that was set, or a broker that stood still: no queue of ours is that long. */
const NOT_OURS_MS = 5000
/** After a pull, what it delayed has come by then. */
const MAX_ECHO_MS = 200
/** How much of the last answers' time the next one is expected to take. */
const EXPECTED_GAIN = 0.2
/** Share of a quiet time that an answer may take, or none is waited for. */
const FITTING = 0.8
/** Share of it up to which pulls are made larger: several small ones are as quick, and gentler to everybody. */
const GROWING = 0.25
/** What a second old frame still counts for in what is normal. */
const FADE_PER_S = 0.9

export interface PaceOptions {
  /** Most bytes of one pull. */
  readonly pullBytes: number
}

/**
 * How fast a consumer may pull what it lacks without making late what is live.
 * Bytes under way are a window that grows a little with each reporting period
 * in which live frames came as they come when nothing is pulled, and is halved
 * at once when more than a few of them came later (additive increase,
 * multiplicative decrease); after that it is left alone for a while, for every
 * attempt to go faster is paid by live frames. At the smallest window the pauses between pulls
 * double instead. Beside it the answers themselves tell how long bytes stand
 * in a queue: never much more than a reporting period's worth is asked for,
 * also while no live frame is there to be harmed, for one may come.
 *
 * Where live frames come together, as those of PMUs do that GPS sets, pulls go
 * between them: one begins when its answer will have come before the next.
 *
 * Pure: times are monotonic milliseconds, given with every call.
 */
export class Pace {
  readonly #pullBytes: number
  /** Shortest reporting period of the live streams. */
  #periodMs = 20
  #window = MIN_BYTES
  #pauseMs = 0
  #doubling = true
  #bytesUnderWay = 0
  #pullsUnderWay = 0
  #endedMs = Number.NEGATIVE_INFINITY
  #heldUntilMs = Number.NEGATIVE_INFINITY
  #downUntilMs: number | undefined
  #calmMs = FIRST_CALM_MS
  #calmUntilMs = Number.NEGATIVE_INFINITY
  /** Live frames of the period that is being watched. */
  #watchSinceMs: number | undefined
  #frames = 0
  #tooLate = 0
  #answeredBytes = 0
  #answers = 0
  #framesPerPeriod = 1
  /** What is normal: lateness while nothing is pulled. */
  readonly #normal = new FadingHistogram()
  #limitMs = 0
  #lookedMs = Number.NEGATIVE_INFINITY
  #liveMs = Number.NEGATIVE_INFINITY
  #fadedMs = 0
  #sinceMs = 0
  /** Shortest time of an answer lately, and before that. */
  #shortestMs = Number.POSITIVE_INFINITY
  #shortestBeforeMs = Number.POSITIVE_INFINITY
  #backedOff = 0
  readonly #quiet = new QuietTimes()
  /** How long an answer takes, of pulls as they are made now. */
  #expectedMs = 0

  constructor({ pullBytes }: PaceOptions) {
    this.#pullBytes = Math.max(MIN_BYTES, pullBytes)
    this.#setLimit()
  }

  /** Bytes that may be under way. */
  get windowBytes(): number {
    return this.#window
  }

  /** Milliseconds between two pulls at the smallest window; 0 while live frames are on time. */
  get pauseMs(): number {
    return this.#pauseMs
  }

  /** Lateness that is too much, in milliseconds. */
  get limitMs(): number {
    return this.#limitMs
  }

  /** An answer is waited for. */
  get isPulling(): boolean {
    return this.#pullsUnderWay > 0
  }

  /** Times that pulls were slowed down for live frames. */
  get backedOff(): number {
    return this.#backedOff
  }

  /** The connection of the live frames is gone. They come first when it is back, so that nothing is pulled until then. */
  lost(nowMs: number): void {
    this.#downUntilMs = nowMs + MAX_DOWN_MS
  }

  /** It is there again, and live frames have a second to show up. */
  back(nowMs: number): void {
    this.#downUntilMs = undefined
    this.restart(nowMs)
  }

  /** The path is a new one: what was learnt of its speed is forgotten. */
  restart(nowMs: number): void {
    this.#begin()
    this.#sinceMs = nowMs
    if (this.#downUntilMs !== undefined) this.#downUntilMs = nowMs + MAX_DOWN_MS
    this.#shortestMs = this.#shortestBeforeMs = Number.POSITIVE_INFINITY
    this.#watchSinceMs = undefined
  }

  /** To be called about every second. `periodMs`: shortest reporting period of the streams that are live. */
  turn(nowMs: number, periodMs = this.#periodMs): void {
    this.#periodMs = Math.min(1000, Math.max(1, periodMs))
    const elapsedMs = nowMs - this.#fadedMs
    if (elapsedMs >= 1000) {
      this.#fadedMs = nowMs
      this.#normal.fade(FADE_PER_S)
      if (this.#shortestMs < Number.POSITIVE_INFINITY) {
        this.#shortestBeforeMs = Math.min(this.#shortestMs, this.#shortestBeforeMs * 1.1)
        this.#shortestMs = Number.POSITIVE_INFINITY
      }
    }
    this.#setLimit()
    this.#quiet.turn(this.#periodMs)
  }

  /** A live frame came so much later than the best of its stream. */
  live(lateMs: number, nowMs: number): void {
    // How it was without live frames says nothing of how it is with them.
    if (this.isIdle(nowMs)) this.#begin()
    this.#liveMs = nowMs
    this.#quiet.came(nowMs)
    if (this.#pullsUnderWay === 0 && nowMs - this.#endedMs > Math.min(lateMs, MAX_ECHO_MS) + 2) {
      this.#normal.add(lateMs)
      this.#lookedMs = nowMs
      return
    }
    if (nowMs < this.#heldUntilMs || lateMs > NOT_OURS_MS) return
    if (this.#watchSinceMs === undefined) this.#watch(nowMs)
    this.#frames++
    if (lateMs > this.#limitMs) {
      this.#tooLate++
      if (lateMs > this.#limitMs + this.#periodMs / 2 || this.#tooLate > TOLERATED * this.#framesPerPeriod) {
        this.#slowDown(nowMs)
        return
      }
    }
    if (nowMs - this.#watchSinceMs! < this.#periodMs) return
    this.#framesPerPeriod = this.#frames
    if (this.#pauseMs > 0) {
      // An answer that holds nothing, since nothing was recorded, ends a pause as well as any.
      if (this.#answers > 0) this.#speedUp()
    } else if (nowMs >= this.#calmUntilMs && this.#hasTimeForMore()) {
      // Only what was used has been tried.
      if (this.#answeredBytes >= this.#window / 2) this.#speedUp()
    }
    this.#watch(nowMs)
  }

  /** A request for so many bytes leaves. */
  began(bytes: number): void {
    this.#bytesUnderWay += bytes
    this.#pullsUnderWay++
  }

  /** Its answer of so many bytes came after so many milliseconds; without one it never came. */
  ended(bytes: number, nowMs: number, answer?: { readonly bytes: number; readonly tookMs: number }): void {
    this.#bytesUnderWay -= bytes
    this.#pullsUnderWay--
    this.#endedMs = nowMs
    if (!answer) return
    const { tookMs } = answer
    this.#answeredBytes += answer.bytes
    this.#answers++
    this.#shortestMs = Math.min(this.#shortestMs, tookMs)
    this.#expectedMs += (tookMs - this.#expectedMs) * EXPECTED_GAIN
    const stoodMs = tookMs - Math.min(this.#shortestMs, this.#shortestBeforeMs)
    // Where live frames come very unevenly, answers do: that is no queue.
    const unevenMs = Math.max(0, (this.#normal.quantile(0.5) ?? 0) - this.#periodMs / 2)
    if (stoodMs - unevenMs > this.#periodMs) {
      this.#doubling = false
      this.#window = Math.max(MIN_BYTES, this.#window - bytes / 2)
    } else if (this.isIdle(nowMs) && stoodMs < this.#periodMs / 2 && answer.bytes >= bytes / 2) this.#speedUp()
  }

  /** No live frame that could be harmed. */
  isIdle(nowMs: number): boolean {
    return nowMs - Math.max(this.#liveMs, this.#sinceMs) > Math.max(IDLE_MS, 3 * this.#periodMs)
  }

  /** Bytes that the next pull may be for; 0: not now. */
  allowance(nowMs: number): number {
    if (this.#pullsUnderWay >= MAX_PULLS || nowMs < (this.#downUntilMs ?? 0)) return 0
    const isIdle = this.isIdle(nowMs)
    if (!isIdle) {
      if (nowMs < this.#heldUntilMs || (this.#pauseMs > 0 && nowMs - this.#endedMs < this.#pauseMs)) return 0
      // A look at what is normal: nothing more until a frame has come while nothing is under way.
      if (nowMs - this.#lookedMs > Math.max(LOOK_MS, 20 * this.#periodMs)) return 0
      if (!this.#fits(nowMs)) return 0
    }
    const left = this.#window - this.#bytesUnderWay
    if (this.#pullsUnderWay > 0 && left < MIN_BYTES) return 0
    // Halves rather than the whole: an answer is on its way while the next is asked for.
    const half = Math.max(MIN_BYTES, Math.floor(this.#window / 2))
    return Math.min(this.#pullBytes, half, Math.max(left, MIN_BYTES))
  }

  /** Whether an answer comes before live frames do; where no time between them is long enough, that is no question. */
  #fits(nowMs: number): boolean {
    if (this.#expectedMs > FITTING * this.#quiet.longestMs) return true
    return this.#expectedMs <= this.#quiet.leftMs(nowMs)
  }

  /** Whether a larger pull would still leave time between live frames, where pulls come between them now. */
  #hasTimeForMore(): boolean {
    const { longestMs } = this.#quiet
    return this.#expectedMs > FITTING * longestMs || this.#expectedMs <= GROWING * longestMs
  }

  #begin(): void {
    this.#window = MIN_BYTES
    this.#pauseMs = 0
    this.#doubling = true
    this.#calmMs = FIRST_CALM_MS
    this.#calmUntilMs = Number.NEGATIVE_INFINITY
  }

  #watch(nowMs: number): void {
    this.#watchSinceMs = nowMs
    this.#frames = 0
    this.#tooLate = 0
    this.#answeredBytes = 0
    this.#answers = 0
  }

  #speedUp(): void {
    if (this.#pauseMs > 0) {
      this.#pauseMs = this.#pauseMs > FIRST_PAUSE_MS ? this.#pauseMs / 2 : 0
      return
    }
    this.#window = Math.min(MAX_PULLS * this.#pullBytes, this.#doubling ? 2 * this.#window : this.#window + STEP_BYTES)
  }

  #slowDown(nowMs: number): void {
    this.#backedOff++
    this.#doubling = false
    if (this.#window > MIN_BYTES) this.#window = Math.max(MIN_BYTES, this.#window / 2)
    else this.#pauseMs = Math.min(MAX_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * this.#pauseMs))
    // What stands in queues has to drain before anything can be seen of it.
    this.#heldUntilMs = nowMs + this.#periodMs
    // It was tried again and again, or all was well for long.
    this.#calmMs = nowMs - this.#calmUntilMs > MAX_CALM_MS ? FIRST_CALM_MS : Math.min(MAX_CALM_MS, 2 * this.#calmMs)
    this.#calmUntilMs = nowMs + this.#calmMs
    this.#watchSinceMs = undefined
  }

  /** Later than 19 of 20 frames come anyway, and that much again, or a tenth of a period where they come like clockwork. */
  #setLimit(): void {
    const usualMs = this.#normal.quantile(0.95) ?? this.#periodMs / 16
    this.#limitMs = usualMs + Math.min(Math.max(usualMs, this.#periodMs / 10), this.#periodMs / 2)
  }
}
