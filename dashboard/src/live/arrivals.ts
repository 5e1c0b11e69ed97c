/** How long after its timestamp each frame came, and how many a second: by this machine's clock against the PMU's. */
const KEPT = 512
/** Frames are counted over so long, at least. */
const RATE_MS = 5000

export class Arrivals {
  /** Of `performance.now()`. */
  lastMs = Number.NEGATIVE_INFINITY
  #lastClockMs = Number.NEGATIVE_INFINITY
  readonly #latenciesMs = new Float64Array(KEPT)
  readonly #cameMs = new Float64Array(KEPT)
  #count = 0

  /** A frame has come. */
  heard(): void {
    this.lastMs = performance.now()
    this.#lastClockMs = Date.now()
  }

  /** A frame of this time, in seconds since 1970, has come. */
  note(timeS: number | undefined): void {
    if (timeS === undefined) return
    this.heard()
    const place = this.#count++ % KEPT
    this.#cameMs[place] = this.lastMs
    this.#latenciesMs[place] = this.#lastClockMs - timeS * 1000
  }

  /** Since the last frame; Infinity before the first. Where a computer slept, `performance.now()` may have too. */
  get silentMs(): number {
    return Math.max(performance.now() - this.lastMs, Date.now() - this.#lastClockMs)
  }

  /** Of the last 512 frames, in ms; undefined before the first. */
  get latency(): { readonly p50: number; readonly p99: number } | undefined {
    const count = Math.min(this.#count, KEPT)
    if (count === 0) return undefined
    const sorted = this.#latenciesMs.slice(0, count).sort()
    return { p50: sorted[Math.floor(count / 2)]!, p99: sorted[Math.floor(count * 0.99)]! }
  }

  /**
   * Frames a second, over the last five seconds or ten periods of DATA_RATE, and 512 frames at most; undefined
   * before there is enough of them.
   */
  measuredRate(dataRate: number): number | undefined {
    const kept = Math.min(this.#count, KEPT)
    if (kept < 2) return undefined
    const nowMs = performance.now()
    const windowMs = Math.max(RATE_MS, 10_000 / dataRate)
    const keptMs = nowMs - this.#cameMs[this.#count <= KEPT ? 0 : this.#count % KEPT]!
    if (keptMs < windowMs / 5) return undefined
    let count = 0
    for (let n = 0; n < kept; n++) if (nowMs - this.#cameMs[n]! < windowMs) count++
    // The first of all opens the time that it is counted in.
    return keptMs < windowMs ? ((count - 1) * 1000) / keptMs : (count * 1000) / windowMs
  }
}
