const WINDOW_US = 10_000_000

/**
 * How much later than their timestamps a stream's frames usually come, the
 * clocks' difference included: the least of this window and of the last one
 * that had a frame. So it is followed down at once, and up within 20 s, or two
 * frames where those take longer.
 *
 * Never below 0: a clock that is behind, or one frame that is ahead, must not
 * close slots before their time.
 */
export class UsualLateness {
  #window = Number.NaN
  #least = Number.POSITIVE_INFINITY
  #leastBefore = Number.POSITIVE_INFINITY

  /** A frame came so late, at this time by the clock. */
  add(lateUs: number, utcUs: number): void {
    const window = Math.floor(utcUs / WINDOW_US)
    if (window !== this.#window) {
      this.#window = window
      this.#leastBefore = this.#least
      this.#least = lateUs
    } else if (lateUs < this.#least) this.#least = lateUs
  }

  /** 0 where no frame came yet. */
  get us(): number {
    const least = Math.min(this.#least, this.#leastBefore)
    return least === Number.POSITIVE_INFINITY ? 0 : Math.max(0, least)
  }
}
