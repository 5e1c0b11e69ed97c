const FIRST_PAUSE_MS = 5000
const MAX_PAUSE_MS = 60_000

/** How often a connection that looks healthy may be given up: twice as seldom each time, until it was good for long. */
export class RenewalPace {
  #lastMs = Number.NEGATIVE_INFINITY
  #pauseMs = 0

  /** Whether it may be now, in monotonic ms; then it is. */
  take(nowMs: number): boolean {
    const sinceMs = nowMs - this.#lastMs
    if (sinceMs < this.#pauseMs) return false
    const wasGood = sinceMs >= 2 * MAX_PAUSE_MS
    this.#pauseMs = wasGood ? FIRST_PAUSE_MS : Math.min(2 * this.#pauseMs, MAX_PAUSE_MS)
    this.#lastMs = nowMs
    return true
  }
}
