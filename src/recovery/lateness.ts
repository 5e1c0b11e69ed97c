/**
 * How late a stream's live frames come, against the best of their own: arrival
 * minus timestamp, minus the least of it that was seen lately. Clocks of both
 * ends may differ by anything; a difference that changes is followed down at
 * once and up within two turns.
 */
export class Lateness {
  #best = Number.POSITIVE_INFINITY
  #bestBefore = Number.POSITIVE_INFINITY

  /** Milliseconds later than the best. Arrival by a monotonic clock, in ms; timestamp in µs since the UNIX epoch. */
  of(arrivedMs: number, timeUs: number): number {
    const offset = arrivedMs - timeUs / 1000
    if (offset < this.#best) this.#best = offset
    return offset - Math.min(this.#best, this.#bestBefore)
  }

  /** To be called regularly: what is older than two calls counts no more. */
  turn(): void {
    if (this.#best === Number.POSITIVE_INFINITY) return
    this.#bestBefore = this.#best
    this.#best = Number.POSITIVE_INFINITY
  }
}
