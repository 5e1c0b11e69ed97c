/** Four numbers of many: what came since the last look. In µs. */
export interface LatencyFigures {
  readonly min: number
  readonly mean: number
  /** To a tenth. */
  readonly p99: number
  readonly max: number
}

/** Eight buckets for each doubling, to half an hour. */
const PER_DOUBLING = 8
const BUCKETS = 31 * PER_DOUBLING

/** How long things took, counted without keeping them. `add` is on the hot path and allocates nothing. */
export class Latencies {
  readonly #counts = new Uint32Array(BUCKETS)
  #count = 0
  #sum = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY

  /** Below zero, by clocks that differ, it is less than nothing, and counts so. */
  add(us: number): void {
    this.#count++
    this.#sum += us
    if (us < this.#min) this.#min = us
    if (us > this.#max) this.#max = us
    const bucket = us < 1 ? 0 : Math.floor(Math.log2(us) * PER_DOUBLING)
    this.#counts[bucket < BUCKETS ? bucket : BUCKETS - 1]!++
  }

  /** Since the last call; `undefined` where there was nothing. */
  take(): LatencyFigures | undefined {
    if (this.#count === 0) return undefined
    const figures = { min: this.#min, mean: this.#sum / this.#count, p99: this.#quantile(0.99), max: this.#max }
    this.#counts.fill(0)
    this.#count = this.#sum = 0
    this.#min = Number.POSITIVE_INFINITY
    this.#max = Number.NEGATIVE_INFINITY
    return figures
  }

  #quantile(share: number): number {
    let left = Math.ceil(share * this.#count)
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket]!
      if (left <= 0) return Math.min(this.#max, Math.max(this.#min, 2 ** ((bucket + 0.5) / PER_DOUBLING)))
    }
    return this.#max
  }
}
