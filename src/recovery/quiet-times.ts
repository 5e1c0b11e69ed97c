/** Parts that a reporting period is looked at in. */
const PARTS = 20
/** A part is busy that has more than this share of the frames. */
const BUSY_SHARE = 0.02
/** Where more parts are busy than this, frames come at any time. */
const MAX_BUSY = 12
/** What a second old frame still counts for. */
const FADE = 0.5

/**
 * When live frames come, within their reporting period: PMUs measure at the
 * same instants, by GPS, so that their frames come together, and between them
 * is time in which nothing that is live can be held up. Times are monotonic
 * milliseconds.
 */
export class QuietTimes {
  readonly #counts = new Float64Array(PARTS)
  #total = 0
  #periodMs = 20
  /** For each part, how many quiet ones follow it, itself included. */
  readonly #quiet = new Uint8Array(PARTS)
  #longest = 0

  /** A live frame came. */
  came(nowMs: number): void {
    this.#counts[this.#partOf(nowMs)]! += 1
    this.#total++
  }

  /** To be called about every second. */
  turn(periodMs: number): void {
    if (Math.abs(periodMs - this.#periodMs) > 1e-6) {
      this.#periodMs = periodMs
      this.#counts.fill(0)
      this.#total = 0
    }
    this.#look()
    this.#total = 0
    for (let part = 0; part < PARTS; part++) {
      this.#counts[part]! *= FADE
      this.#total += this.#counts[part]!
    }
  }

  /** The longest quiet time of a period; 0 where frames come at any time, or none do. */
  get longestMs(): number {
    return (this.#longest * this.#periodMs) / PARTS
  }

  /** How long it stays quiet from now on; 0 while frames come. */
  leftMs(nowMs: number): number {
    const part = this.#partOf(nowMs)
    const parts = this.#quiet[part]!
    if (parts === 0) return 0
    const partMs = this.#periodMs / PARTS
    return parts * partMs - ((nowMs % this.#periodMs) - part * partMs)
  }

  #partOf(nowMs: number): number {
    return Math.min(PARTS - 1, Math.floor(((nowMs % this.#periodMs) / this.#periodMs) * PARTS))
  }

  #look(): void {
    this.#longest = 0
    this.#quiet.fill(0)
    let busy = 0
    for (const count of this.#counts) if (count > BUSY_SHARE * this.#total) busy++
    if (busy === 0 || busy > MAX_BUSY) return
    // Backwards, twice around: the end of a period is followed by its beginning.
    let run = 0
    for (let step = 2 * PARTS - 1; step >= 0; step--) {
      const part = step % PARTS
      run = this.#counts[part]! > BUSY_SHARE * this.#total ? 0 : run + 1
      this.#quiet[part] = Math.min(run, PARTS)
      this.#longest = Math.max(this.#longest, Math.min(run, PARTS))
    }
  }
}
