/** One timer for whatever is due first. */
export class Alarm {
  readonly #ring: () => void
  #timer: NodeJS.Timeout | undefined
  #atMs = Number.POSITIVE_INFINITY

  constructor(ring: () => void) {
    this.#ring = ring
  }

  /** Rings at this time of the monotonic clock, or before if it was set so. */
  set(atMs: number, nowMs: number): void {
    if (atMs >= this.#atMs) return
    clearTimeout(this.#timer)
    this.#atMs = atMs
    // Never before: what is due would not be, and ring again.
    this.#timer = setTimeout(() => this.#rings(), Math.max(1, Math.ceil(atMs - nowMs)))
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#atMs = Number.POSITIVE_INFINITY
  }

  #rings(): void {
    this.#atMs = Number.POSITIVE_INFINITY
    this.#ring()
  }
}
