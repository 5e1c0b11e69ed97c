const SMALLEST_MS = 0.05
const GROWTH = 1.25
const BUCKETS = 64
const LOG_GROWTH = Math.log(GROWTH)

/** Latencies of late: in buckets a quarter apart from 0.05 ms up, each fading with time. Adding costs no allocation. */
export class FadingHistogram {
  readonly #counts = new Float64Array(BUCKETS)
  #total = 0

  add(ms: number): void {
    this.#counts[bucketOf(ms)]! += 1
    this.#total++
  }

  /** What was added until now counts for less by this factor. */
  fade(factor: number): void {
    this.#total = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      this.#counts[bucket]! *= factor
      this.#total += this.#counts[bucket]!
    }
    if (this.#total >= 1) return
    this.#counts.fill(0)
    this.#total = 0
  }

  /** Upper end of the bucket it falls into, in milliseconds; undefined of nothing. */
  quantile(q: number): number | undefined {
    if (this.#total === 0) return undefined
    let left = q * this.#total
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket]!
      if (left <= 0) return SMALLEST_MS * GROWTH ** bucket
    }
    return SMALLEST_MS * GROWTH ** (BUCKETS - 1)
  }
}

function bucketOf(ms: number): number {
  if (!(ms > SMALLEST_MS)) return 0
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / SMALLEST_MS) / LOG_GROWTH))
}
