import { checksum } from './checksum.ts'
import {
  continuationIndexOf,
  FIRST_FRAGMENT,
  FRAGMENT_HEADER_SIZE,
  FragmentChain,
  isConfig3,
  LAST_FRAGMENT,
} from './fragment-chain.ts'
import { CHECKSUM_SIZE, FrameType, MAX_FRAME_SIZE, MIN_FRAME_SIZE, SYNC } from './frame.ts'
import { PrefixChecksums } from './prefix-checksums.ts'
import { SyncKind, syncKinds } from './sync.ts'

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

export type OnFrame = (frame: Uint8Array) => void

export interface SplitterOptions {
  /** A larger FRAMESIZE is taken as noise, so that a bad length cannot hold memory, nor hold up what follows. */
  readonly maxFrameSize?: number
  /** Told how many bytes were skipped, once per run of bytes with the same reason (a run may be told in parts). */
  readonly onDiscard?: (count: number, reason: DiscardReason) => void
}

const EMPTY = new Uint8Array(0)

/** Verdicts on the bytes at a place that are no frame, and no size of one either. */
const INCOMPLETE = 0
const NOISE = -1
const BAD_SIZE = -2
const BAD_CHECKSUM = -3

/** Frames that may stand between two fragments of a CFG-3 without CHK: a PMU's data go on meanwhile. */
const MAX_INTERLEAVED = 8
/** While frames are searched for, take more of the chunk than the next decision needs. */
const SEARCH_STEP = 4096

/**
 * Cuts a byte stream into whole frames with a right CHK. Pure and synchronous.
 *
 * The same stream gives the same frames however it is chunked. After a wrong
 * CHK the search goes on one byte later. The work is linear in the bytes,
 * whatever they are, and memory is bounded: what is pending is less than two
 * frames of the greatest size.
 *
 * Fragments of a CFG-3 come out one by one. Those in the form where only the
 * last has a CHK come out too, where they form an unbroken series; put them
 * together with a ConfigurationAssembler, which judges the whole.
 */
export class FrameSplitter {
  readonly #maxFrameSize: number
  readonly #onDiscard: (count: number, reason: DiscardReason) => void
  readonly #prefix = new PrefixChecksums()
  readonly #chain = new FragmentChain()

  /** Begun frames: `#buffer[#start, #end)`. Written once, never moved in place, so that views into it last. */
  #buffer = EMPTY
  #start = 0
  #end = 0
  /** How many bytes from the start of what is pending the next decision needs. */
  #need = 0
  /** Offset in the stream of the byte that is looked at. */
  #offset = 0
  /** A frame that failed would have ended here: until then, bytes are skipped for its reason. */
  #blameUntil = 0
  #blame: DiscardReason = 'noise'

  #run = 0
  #runReason: DiscardReason = 'noise'
  #discarded = 0
  #badChecksums = 0

  constructor({ maxFrameSize = MAX_FRAME_SIZE, onDiscard = () => {} }: SplitterOptions = {}) {
    this.#maxFrameSize = Math.min(maxFrameSize, MAX_FRAME_SIZE)
    this.#onDiscard = onDiscard
  }

  /** Bytes of a frame that has begun. */
  get pending(): number {
    return this.#end - this.#start
  }

  /** Bytes that were no part of any frame. */
  get discarded(): number {
    return this.#discarded
  }

  /** Frames with a wrong CHK. What looks like one inside of another is not counted again. */
  get badChecksums(): number {
    return this.#badChecksums
  }

  /**
   * Takes the next chunk and hands over every frame that is now complete.
   *
   * Frames are views into the chunk or into memory that is not written again,
   * so they may be kept as long as the caller leaves the chunk alone. Keeping
   * one keeps the whole chunk alive. `onFrame` must not throw.
   */
  push(chunk: Uint8Array, onFrame: OnFrame): void {
    let at = 0
    while (this.pending > 0 && at < chunk.length) {
      const wanted = this.#need - this.pending
      const step = this.#prefix.covers(this.#offset) ? Math.max(wanted, SEARCH_STEP) : wanted
      const end = Math.min(at + step, chunk.length)
      this.#append(chunk, at, end)
      at = end
      if (this.pending >= this.#need) this.#start = this.#scan(this.#buffer, this.#start, this.#end, onFrame, false)
    }
    if (at < chunk.length) {
      at = this.#scan(chunk, at, chunk.length, onFrame, false)
      this.#append(chunk, at, chunk.length)
    }
    this.#settle()
  }

  /**
   * Says that what is pending will not be continued: bytes were lost, or the
   * source went quiet. The frame that has begun is given up, and the search
   * goes on one byte after its SYNC. Nothing is pending afterwards.
   */
  flush(onFrame: OnFrame): void {
    this.#start = this.#scan(this.#buffer, this.#start, this.#end, onFrame, true)
    this.#chain.reset()
    this.#blameUntil = 0
    this.#settle()
  }

  /** Hands over the frames in [from, end); returns where the first undecided byte is. */
  #scan(bytes: Uint8Array, from: number, end: number, onFrame: OnFrame, last: boolean): number {
    let at = from
    while (at < end) {
      const verdict = this.#judge(bytes, at, end)
      if (verdict > 0) {
        const kind = syncKinds[bytes[at + 1]!]!
        if (kind === SyncKind.frame) this.#tell()
        else this.#discard(verdict, kind === SyncKind.version3 ? 'unsupported-version' : 'unknown-type')
        this.#offset += verdict
        this.#blameUntil = 0
        if (kind === SyncKind.frame) onFrame(bytes.subarray(at, at + verdict))
        at += verdict
      } else {
        if (verdict === INCOMPLETE && !last) return at
        at += this.#skip(bytes, at, end, verdict)
      }
    }
    return at
  }

  /** Passes over the byte at `at`, and over what follows it and cannot begin a frame. */
  #skip(bytes: Uint8Array, at: number, end: number, verdict: number): number {
    if (verdict === INCOMPLETE) this.#fail('incomplete', this.#need)
    const blamed = this.#offset < this.#blameUntil
    const stop = blamed ? Math.min(end, at + this.#blameUntil - this.#offset) : end
    let next = at + 1
    if (verdict === NOISE) while (next < stop && bytes[next] !== SYNC) next++
    this.#discard(next - at, blamed ? this.#blame : verdict === BAD_SIZE ? 'bad-size' : 'noise')
    this.#offset += next - at
    return next - at
  }

  /** The size of the frame that begins at `at`, or why there is none. INCOMPLETE says in `#need` what it takes to tell. */
  #judge(bytes: Uint8Array, at: number, end: number): number {
    const have = end - at
    if (bytes[at] !== SYNC) return NOISE
    if (have < 2) return this.#incomplete(2)
    const kind = syncKinds[bytes[at + 1]!]!
    if (kind === SyncKind.none) return NOISE
    if (have < 4) return this.#incomplete(4)
    const size = (bytes[at + 2]! << 8) | bytes[at + 3]!
    if (size < MIN_FRAME_SIZE || size > this.#maxFrameSize) return BAD_SIZE
    if (have < size) return this.#incomplete(size)

    const right = this.#hasRightChecksum(bytes, at, at, size)
    if (kind === SyncKind.frame && bytes[at + 1]! >> 4 === FrameType.config3) {
      const verdict = this.#judgeConfig3(bytes, at, end, size, right)
      if (verdict !== BAD_CHECKSUM) return verdict
    } else if (right) {
      return size
    }
    if (this.#fail('bad-checksum', size)) this.#badChecksums++
    return BAD_CHECKSUM
  }

  #incomplete(need: number): number {
    this.#need = need
    return INCOMPLETE
  }

  /** A CFG-3 may be a fragment without a CHK of its own. */
  #judgeConfig3(bytes: Uint8Array, at: number, end: number, size: number, right: boolean): number {
    const frame = bytes.subarray(at, at + size)
    if (isConfig3(frame)) {
      const index = continuationIndexOf(frame)
      const inSeries = index === FIRST_FRAGMENT || this.#chain.expects(frame)
      if (!right && !inSeries) return BAD_CHECKSUM
      if (!right && index === LAST_FRAGMENT && !this.#chain.completes(frame)) return BAD_CHECKSUM
      if (!right && index !== LAST_FRAGMENT) {
        const verdict = this.#findNextFragment(bytes, at, end, frame)
        if (verdict <= 0) return verdict
      }
      if (inSeries) this.#chain.take(frame)
      return size
    }
    return right ? size : BAD_CHECKSUM
  }

  /** Whether the next fragment follows, after at most a few whole frames of another kind. */
  #findNextFragment(bytes: Uint8Array, at: number, end: number, fragment: Uint8Array): number {
    const limit = at + fragment.length + this.#maxFrameSize
    let next = at + fragment.length
    for (let between = 0; between <= MAX_INTERLEAVED; between++) {
      if (end - next < FRAGMENT_HEADER_SIZE) return this.#incomplete(next - at + FRAGMENT_HEADER_SIZE)
      if (FragmentChain.follows(fragment, bytes.subarray(next, next + FRAGMENT_HEADER_SIZE))) return fragment.length
      const size = (bytes[next + 2]! << 8) | bytes[next + 3]!
      if (bytes[next] !== SYNC || syncKinds[bytes[next + 1]!] !== SyncKind.frame || size < MIN_FRAME_SIZE)
        return BAD_CHECKSUM
      if (next + size > limit) return BAD_CHECKSUM
      if (end - next < size) return this.#incomplete(next - at + size)
      if (!this.#hasRightChecksum(bytes, at, next, size)) return BAD_CHECKSUM
      next += size
    }
    return BAD_CHECKSUM
  }

  /**
   * Checks the CHK of the `size` bytes at `place`, `at` being the byte looked
   * at. Bytes that were checksummed once in vain are not read again.
   */
  #hasRightChecksum(bytes: Uint8Array, at: number, place: number, size: number): boolean {
    const end = place + size - CHECKSUM_SIZE
    const carried = (bytes[end]! << 8) | bytes[end + 1]!
    const prefix = this.#prefix
    if (prefix.covers(this.#offset)) {
      prefix.release(this.#offset)
      const from = this.#offset + place - at
      return prefix.range(from, from + size - CHECKSUM_SIZE, bytes, this.#offset - at) === carried
    }
    if (checksum(bytes, place, end) === carried) return true
    prefix.restart(this.#offset)
    prefix.range(this.#offset, this.#offset + size - CHECKSUM_SIZE, bytes, this.#offset - at)
    return false
  }

  /** Notes that `size` bytes from here were to be a frame, and says whether that was not known yet. */
  #fail(reason: DiscardReason, size: number): boolean {
    if (this.#offset < this.#blameUntil) return false
    this.#blameUntil = this.#offset + size
    this.#blame = reason
    return true
  }

  #discard(count: number, reason: DiscardReason): void {
    this.#chain.reset()
    this.#discarded += count
    if (reason !== this.#runReason) this.#tell()
    this.#runReason = reason
    this.#run += count
  }

  /** Reports the bytes skipped since the last frame. */
  #tell(): void {
    if (this.#run === 0) return
    const count = this.#run
    this.#run = 0
    this.#onDiscard(count, this.#runReason)
  }

  #settle(): void {
    this.#tell()
    if (!this.#prefix.covers(this.#offset)) this.#prefix.clear()
    if (this.pending > 0) return
    this.#buffer = EMPTY
    this.#start = 0
    this.#end = 0
  }

  #append(chunk: Uint8Array, from: number, to: number): void {
    const count = to - from
    if (count === 0) return
    if (this.#end + count > this.#buffer.length) {
      // Twice what is pending, so that a byte is copied a bounded number of times.
      const grown = new Uint8Array(Math.max(64, 2 * (this.pending + count)))
      grown.set(this.#buffer.subarray(this.#start, this.#end))
      this.#buffer = grown
      this.#end = this.pending
      this.#start = 0
    }
    this.#buffer.set(chunk.subarray(from, to), this.#end)
    this.#end += count
  }
}
