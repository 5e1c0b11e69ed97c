/** Why bytes were no part of a frame. */
export type DiscardReason =
  /** Nothing that a frame begins with. */
  | 'noise'
  /** A SYNC, but a FRAMESIZE that is impossible or above the limit. */
  | 'bad-size'
  /** A SYNC and a FRAMESIZE, but another CHK. */
  | 'bad-checksum'
  /** The rest of the frame did not come; see {@link FrameSplitter.flush}. */
  | 'incomplete'
  /** Whole frames with a right CHK of C37.118.2-2024 (version 3). */
  | 'unsupported-version'
  /** Whole frames with a right CHK of a type that no standard has. */
  | 'unknown-type'

export type OnDiscard = (count: number, reason: DiscardReason) => void

/**
 * Counts the bytes that were skipped, and tells of them run by run. Where a
 * frame failed, all that is skipped within it is counted for that reason.
 */
export class DiscardTally {
  discarded = 0
  badChecksums = 0

  readonly #onDiscard: OnDiscard
  #run = 0
  #reason: DiscardReason = 'noise'
  /** The frame that failed would have ended here, as an offset in the stream. */
  #blameUntil = 0
  #blame: DiscardReason = 'noise'

  constructor(onDiscard: OnDiscard) {
    this.#onDiscard = onDiscard
  }

  /** Notes that `size` bytes at `offset` were to be a frame; one inside of another is not noted again. */
  fail(reason: DiscardReason, offset: number, size: number): void {
    if (offset < this.#blameUntil) return
    this.#blameUntil = offset + size
    this.#blame = reason
    if (reason === 'bad-checksum') this.badChecksums++
  }

  /** How many bytes from `offset` on go for the same reason, whatever they are. */
  sameReasonFor(offset: number): number {
    return offset < this.#blameUntil ? this.#blameUntil - offset : Number.POSITIVE_INFINITY
  }

  /** Counts bytes at `offset`. */
  skip(offset: number, count: number, reason: DiscardReason): void {
    const because = offset < this.#blameUntil ? this.#blame : reason
    if (because !== this.#reason) this.tell()
    this.#reason = because
    this.#run += count
    this.discarded += count
  }

  /** Says that a frame was found, or that the stream goes on elsewhere: what failed before does not reach further. */
  forgive(): void {
    this.#blameUntil = 0
  }

  /** Reports the run of bytes that was skipped last. */
  tell(): void {
    if (this.#run === 0) return
    const count = this.#run
    this.#run = 0
    this.#onDiscard(count, this.#reason)
  }
}
