import { checksum } from './checksum.ts'
import {
  continuationIndexOf,
  FIRST_FRAGMENT,
  FRAGMENT_HEADER_SIZE,
  FragmentChain,
  isConfig3,
  LAST_FRAGMENT,
} from './fragment-chain.ts'
import { CHECKSUM_SIZE, FrameType, MIN_FRAME_SIZE, SYNC } from './frame.ts'
import { PrefixChecksums } from './prefix-checksums.ts'
import { SyncKind, syncKinds } from './sync.ts'

/** What is said of bytes that are no frame; a frame is said by its size. */
export const Verdict = {
  /** More bytes are needed to tell: see {@link FrameJudge.need}. */
  incomplete: 0,
  noise: -1,
  badSize: -2,
  badChecksum: -3,
} as const

/** Frames that may stand between two fragments of a CFG-3 without CHK: a PMU's data go on meanwhile. */
const MAX_INTERLEAVED = 8

/**
 * Says whether a frame begins at a place of a stream. It remembers the CRCs of
 * a region where one failed, and the CFG-3 whose fragments are passing by.
 *
 * `bytes[at, end)` is what there is from that place on, `offset` where the place
 * is in the stream.
 */
export class FrameJudge {
  /** How many bytes from the place it takes to tell. */
  need = 0

  readonly #maxFrameSize: number
  readonly #prefix = new PrefixChecksums()
  readonly #chain = new FragmentChain()

  constructor(maxFrameSize: number) {
    this.#maxFrameSize = maxFrameSize
  }

  /** Size of the frame that begins there, or a {@link Verdict}. */
  judge(bytes: Uint8Array, at: number, end: number, offset: number): number {
    const have = end - at
    if (bytes[at] !== SYNC) return Verdict.noise
    if (have < 2) return this.#incomplete(2)
    const kind = syncKinds[bytes[at + 1]!]!
    if (kind === SyncKind.none) return Verdict.noise
    if (have < 4) return this.#incomplete(4)
    const size = (bytes[at + 2]! << 8) | bytes[at + 3]!
    if (size < MIN_FRAME_SIZE || size > this.#maxFrameSize) return Verdict.badSize
    if (have < size) return this.#incomplete(size)

    const right = this.#hasRightChecksum(bytes, at, at, size, offset)
    if (kind === SyncKind.frame && bytes[at + 1]! >> 4 === FrameType.config3) {
      return this.#judgeConfig3(bytes, at, end, size, offset, right)
    }
    return right ? size : Verdict.badChecksum
  }

  /** Whether one failed here before, so that more may fail. */
  isSearching(offset: number): boolean {
    return this.#prefix.covers(offset)
  }

  /** Forgets the CFG-3 that was passing by: bytes were skipped, or lost. */
  breakSeries(): void {
    this.#chain.reset()
  }

  /** Lets go of the CRCs of a region that was left behind. */
  settle(offset: number): void {
    if (!this.#prefix.covers(offset)) this.#prefix.clear()
  }

  #incomplete(need: number): number {
    this.need = need
    return Verdict.incomplete
  }

  /** A CFG-3 may be a fragment without a CHK of its own. */
  #judgeConfig3(bytes: Uint8Array, at: number, end: number, size: number, offset: number, right: boolean): number {
    const frame = bytes.subarray(at, at + size)
    const index = isConfig3(frame) ? continuationIndexOf(frame) : 0
    const inSeries = index === FIRST_FRAGMENT || (index !== 0 && this.#chain.expects(frame))
    if (!right) {
      if (!inSeries) return Verdict.badChecksum
      if (index === LAST_FRAGMENT) {
        if (!this.#chain.completes(frame)) return Verdict.badChecksum
      } else {
        const verdict = this.#findNextFragment(bytes, at, end, frame, offset)
        if (verdict <= 0) return verdict
      }
    }
    if (inSeries) this.#chain.take(frame)
    return size
  }

  /** Whether the next fragment follows, after at most a few whole frames of another kind. */
  #findNextFragment(bytes: Uint8Array, at: number, end: number, fragment: Uint8Array, offset: number): number {
    const limit = at + fragment.length + this.#maxFrameSize
    let next = at + fragment.length
    for (let between = 0; between <= MAX_INTERLEAVED; between++) {
      if (end - next < FRAGMENT_HEADER_SIZE) return this.#incomplete(next - at + FRAGMENT_HEADER_SIZE)
      if (FragmentChain.follows(fragment, bytes.subarray(next, next + FRAGMENT_HEADER_SIZE))) return fragment.length
      const size = (bytes[next + 2]! << 8) | bytes[next + 3]!
      if (bytes[next] !== SYNC || syncKinds[bytes[next + 1]!] !== SyncKind.frame) return Verdict.badChecksum
      if (size < MIN_FRAME_SIZE || next + size > limit) return Verdict.badChecksum
      if (end - next < size) return this.#incomplete(next - at + size)
      if (!this.#hasRightChecksum(bytes, at, next, size, offset)) return Verdict.badChecksum
      next += size
    }
    return Verdict.badChecksum
  }

  /**
   * Checks the CHK of the `size` bytes at `place`, `at` being the place that is
   * judged. Bytes that were checksummed once in vain are not read again.
   */
  #hasRightChecksum(bytes: Uint8Array, at: number, place: number, size: number, offset: number): boolean {
    const end = place + size - CHECKSUM_SIZE
    const carried = (bytes[end]! << 8) | bytes[end + 1]!
    const prefix = this.#prefix
    if (prefix.covers(offset)) {
      prefix.release(offset)
      const from = offset + place - at
      return prefix.range(from, from + size - CHECKSUM_SIZE, bytes, offset - at) === carried
    }
    if (checksum(bytes, place, end) === carried) return true
    prefix.restart(offset)
    prefix.range(offset, offset + size - CHECKSUM_SIZE, bytes, offset - at)
    return false
  }
}
