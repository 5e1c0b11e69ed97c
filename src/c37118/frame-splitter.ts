import { type DiscardReason, DiscardTally, type OnDiscard } from './discard-tally.ts'
import { MAX_FRAME_SIZE, SYNC } from './frame.ts'
import { FrameJudge, Verdict } from './frame-judge.ts'
import { SyncKind, syncKinds } from './sync.ts'

export type OnFrame = (frame: Uint8Array) => void

export interface SplitterOptions {
  /** A larger FRAMESIZE is taken as noise, so that a bad length cannot hold memory, nor hold up what follows. */
  readonly maxFrameSize?: number
  /** Told how many bytes were skipped, once per run of bytes with the same reason (a run may be told in parts). */
  readonly onDiscard?: OnDiscard
}

const EMPTY = new Uint8Array(0)
/** While frames are searched for, take more of the chunk than the next decision needs. */
const SEARCH_STEP = 4096

/**
 * Cuts a byte stream into whole frames with a right CHK. Pure and synchronous.
 *
 * The same stream gives the same frames however it is chunked. After a wrong
 * CHK the search goes on one byte later. The work is linear in the bytes,
 * whatever they are, and memory is bounded: what is pending is about two frames
 * of the greatest size at most.
 *
 * Fragments of a CFG-3 come out one by one. Those in the form where only the
 * last has a CHK come out too, where they form an unbroken series; put them
 * together with a ConfigurationAssembler, which judges the whole.
 */
export class FrameSplitter {
  readonly #judge: FrameJudge
  readonly #tally: DiscardTally

  /** Begun frames: `#buffer[#start, #end)`. Written once, never moved in place, so that views into it last. */
  #buffer = EMPTY
  #start = 0
  #end = 0
  /** Where in the stream the byte is that is looked at. */
  #offset = 0

  constructor({ maxFrameSize = MAX_FRAME_SIZE, onDiscard = () => {} }: SplitterOptions = {}) {
    this.#judge = new FrameJudge(Math.min(maxFrameSize, MAX_FRAME_SIZE))
    this.#tally = new DiscardTally(onDiscard)
  }

  /** Bytes of a frame that has begun. */
  get pending(): number {
    return this.#end - this.#start
  }

  /** Bytes that were no part of any frame. */
  get discarded(): number {
    return this.#tally.discarded
  }

  /** Frames with a wrong CHK. What looks like one inside of another is not counted again. */
  get badChecksums(): number {
    return this.#tally.badChecksums
  }

  /**
   * Takes the next chunk and hands over every frame that is now complete.
   *
   * Frames are views into the chunk or into memory that is not written again,
   * so they may be kept as long as the caller leaves the chunk alone. Keeping
   * one keeps the whole chunk alive. `onFrame` must not throw.
   */
  push(chunk: Uint8Array, onFrame: OnFrame): void {
    const judge = this.#judge
    let at = 0
    while (this.pending > 0 && at < chunk.length) {
      const wanted = judge.need - this.pending
      const step = judge.isSearching(this.#offset) ? Math.max(wanted, SEARCH_STEP) : wanted
      const end = Math.min(at + step, chunk.length)
      this.#append(chunk, at, end)
      at = end
      if (this.pending >= judge.need) this.#start = this.#scan(this.#buffer, this.#start, this.#end, onFrame, false)
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
    this.#judge.breakSeries()
    this.#tally.forgive()
    this.#settle()
  }

  /** Hands over the frames in [from, end); returns where the first undecided byte is. */
  #scan(bytes: Uint8Array, from: number, end: number, onFrame: OnFrame, last: boolean): number {
    let at = from
    while (at < end) {
      const verdict = this.#judge.judge(bytes, at, end, this.#offset)
      if (verdict === Verdict.incomplete && !last) return at
      at += verdict > 0 ? this.#take(bytes, at, verdict, onFrame) : this.#skip(bytes, at, end, verdict)
    }
    return at
  }

  /** Hands over a frame, or refuses one that is whole but of no use. */
  #take(bytes: Uint8Array, at: number, size: number, onFrame: OnFrame): number {
    const kind = syncKinds[bytes[at + 1]!]!
    this.#tally.forgive()
    if (kind === SyncKind.frame) this.#tally.tell()
    else this.#discard(size, kind === SyncKind.version3 ? 'unsupported-version' : 'unknown-type')
    this.#offset += size
    if (kind === SyncKind.frame) onFrame(size === bytes.length ? bytes : bytes.subarray(at, at + size))
    return size
  }

  /** Passes over the byte at `at`, and over what follows it and cannot begin a frame. */
  #skip(bytes: Uint8Array, at: number, end: number, verdict: number): number {
    if (verdict === Verdict.badChecksum) {
      this.#tally.fail('bad-checksum', this.#offset, (bytes[at + 2]! << 8) | bytes[at + 3]!)
    } else if (verdict === Verdict.incomplete) {
      this.#tally.fail('incomplete', this.#offset, this.#judge.need)
    }
    let next = at + 1
    if (verdict === Verdict.noise) {
      const stop = Math.min(end, at + this.#tally.sameReasonFor(this.#offset))
      while (next < stop && bytes[next] !== SYNC) next++
    }
    this.#discard(next - at, verdict === Verdict.badSize ? 'bad-size' : 'noise')
    this.#offset += next - at
    return next - at
  }

  #discard(count: number, reason: DiscardReason): void {
    this.#judge.breakSeries()
    this.#tally.skip(this.#offset, count, reason)
  }

  #settle(): void {
    this.#tally.tell()
    this.#judge.settle(this.#offset)
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
