/** How many frames of each stream were pending, look by look: the last ten minutes at one a second. Pure, bounded. */
export const HISTORY_S = 600
const LOOKS = 600

export class PendingHistory {
  readonly #times = new Float64Array(LOOKS)
  readonly #rows = new Map<string, Float32Array>()
  #looks = 0

  /** Of all streams at once; what is not told is a gap. */
  add(atS: number, pending: ReadonlyMap<string, number>): void {
    const place = this.#looks++ % LOOKS
    this.#times[place] = atS
    for (const [topic, row] of this.#rows) row[place] = pending.get(topic) ?? Number.NaN
    for (const [topic, count] of pending) {
      if (this.#rows.has(topic)) continue
      const row = new Float32Array(LOOKS).fill(Number.NaN)
      row[place] = count
      this.#rows.set(topic, row)
    }
  }

  forget(topic: string): void {
    this.#rows.delete(topic)
  }

  /** [seconds since 1970, pending], oldest first; NaN where it is not told. */
  of(topic: string): readonly (readonly [number, number])[] {
    const row = this.#rows.get(topic)
    if (!row) return []
    const first = Math.max(0, this.#looks - LOOKS)
    return Array.from({ length: this.#looks - first }, (_, n) => {
      const place = (first + n) % LOOKS
      return [this.#times[place]!, row[place]!] as const
    })
  }
}
