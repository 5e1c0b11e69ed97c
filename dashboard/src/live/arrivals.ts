/** How long after its timestamp each frame came, over the last seconds: by this machine's clock against the PMU's. */
const KEPT = 512

export class Arrivals {
  /** Of `performance.now()`. */
  lastMs = Number.NEGATIVE_INFINITY
  readonly #latenciesMs = new Float64Array(KEPT)
  #count = 0

  /** A frame of this time, in seconds since 1970, has come. */
  note(timeS: number | undefined): void {
    if (timeS === undefined) return
    this.lastMs = performance.now()
    this.#latenciesMs[this.#count++ % KEPT] = Date.now() - timeS * 1000
  }

  /** Of the last 512 frames, in ms; undefined before the first. */
  get latency(): { readonly p50: number; readonly p99: number } | undefined {
    const count = Math.min(this.#count, KEPT)
    if (count === 0) return undefined
    const sorted = this.#latenciesMs.slice(0, count).sort()
    return { p50: sorted[Math.floor(count / 2)]!, p99: sorted[Math.floor(count * 0.99)]! }
  }
}
