/** Frames outside the accounts that are remembered: two seconds at 120 frames/s, as long as a move between brokers takes. */
const OUTSIDE_KEPT = 256

/** Timestamps, and digests of their frames, of the newest frames of a stream that have no slot. */
export class RecentOutside {
  readonly #socs = new Uint32Array(OUTSIDE_KEPT)
  readonly #fractions = new Uint32Array(OUTSIDE_KEPT)
  /** 0 where there is none. */
  readonly #digests = new Uint32Array(OUTSIDE_KEPT)
  #next = 0

  /** The digest of the frame that has this timestamp. */
  get(soc: number, fraction: number): number | undefined {
    // The newest first: it is the other adapter's of just now.
    for (let back = 1; back <= OUTSIDE_KEPT; back++) {
      const at = (this.#next - back + OUTSIDE_KEPT) % OUTSIDE_KEPT
      if (this.#digests[at] === 0) return undefined
      if (this.#fractions[at] === fraction && this.#socs[at] === soc) return this.#digests[at]
    }
    return undefined
  }

  put(soc: number, fraction: number, digest: number): void {
    this.#socs[this.#next] = soc
    this.#fractions[this.#next] = fraction
    this.#digests[this.#next] = digest
    this.#next = (this.#next + 1) % OUTSIDE_KEPT
  }
}
