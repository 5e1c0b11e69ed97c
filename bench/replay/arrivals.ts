/** When the frames of one stream came first, by sequence; in flat memory, for a gap of thousands is filled while live frames are timed. */
export class Arrivals {
  #atMs = new Float64Array(4096).fill(Number.NaN)

  /** `false`: it had come before. */
  add(sequence: number, atMs: number): boolean {
    if (this.came(sequence)) return false
    if (sequence >= this.#atMs.length) this.#grow(sequence)
    this.#atMs[sequence] = atMs
    return true
  }

  /** NaN: not yet. */
  at(sequence: number): number {
    return this.#atMs[sequence] ?? Number.NaN
  }

  came(sequence: number): boolean {
    return !Number.isNaN(this.at(sequence))
  }

  #grow(sequence: number): void {
    const larger = new Float64Array(2 * sequence).fill(Number.NaN)
    larger.set(this.#atMs)
    this.#atMs = larger
  }
}
