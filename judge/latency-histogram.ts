/**
 * Latencies in buckets 2 % apart from 1 µs up, so that a run of any length
 * costs the same memory. A quantile is off by at most 1 %.
 */
export class LatencyHistogram {
  readonly #counts = new Float64Array(1024)
  #total = 0

  add(ms: number): void {
    this.#counts[bucketOf(ms)]! += 1
    this.#total++
  }

  /** In milliseconds; null before the first latency. */
  quantile(q: number): number | null {
    if (this.#total === 0) return null
    let left = q * this.#total
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      left -= this.#counts[bucket]!
      if (left <= 0) return Number((smallestMs * growth ** (bucket + 0.5)).toPrecision(3))
    }
    return null
  }
}

const smallestMs = 0.001
const growth = 1.02

function bucketOf(ms: number): number {
  if (!(ms > smallestMs)) return 0
  return Math.min(1023, Math.floor(Math.log(ms / smallestMs) / Math.log(growth)))
}
