/**
 * Tells how old a lane without acknowledgements is. A socket buffer hides
 * minutes of QoS 0 frames, but a broker answers PINGREQ in order: what was
 * written before it has been taken when the answer comes.
 */
export class LaneProbe {
  readonly #intervalMs: number
  /** Send times of pings without an answer, oldest first. */
  readonly #open: number[] = []
  #lastSent = Number.NEGATIVE_INFINITY

  constructor(intervalMs = 50) {
    this.#intervalMs = intervalMs
  }

  /** Something was published: whether a ping should follow it now. One is out at a time. */
  due(now: number): boolean {
    return this.#open.length === 0 && now - this.#lastSent >= this.#intervalMs
  }

  /** A ping was written, ours or the library's. */
  sent(now: number): void {
    this.#open.push(now)
    this.#lastSent = now
  }

  answered(): void {
    this.#open.shift()
  }

  /**
   * Age of the oldest ping without an answer, and the interval with it: the
   * frames just before that ping may be as much older.
   */
  lagMs(now: number): number {
    const oldest = this.#open[0]
    return oldest === undefined ? 0 : now - oldest + this.#intervalMs
  }
}
