/**
 * One segment of a stream: a file of raw frames that begins with the
 * configuration in force, an index and an event record beside it, and the end
 * of all three that is in memory still.
 */
import { FrameType, frameTypeOf } from '../c37118/index.ts'
import { BLOCK_BYTES, type Block } from './block.ts'
import type { Epoch } from './epoch.ts'
import { timesOf } from './event-times.ts'
import type { JournalEvent, SegmentSums } from './journal-event.ts'
import type { MemoryBound } from './memory-bound.ts'
import { segmentName } from './paths.ts'
import { scanFrames } from './scan-frames.ts'

const FIRST_PART_BYTES = 4096

/** Bytes that follow those of the file, and what goes to the other two files with them. */
export interface Part {
  /** In the segment. */
  readonly offset: number
  bytes: Uint8Array
  length: number
  readonly lines: Uint8Array[]
  readonly blocks: Block[]
  /** Nothing is added any more: it is on its way to the disk. */
  sealed: boolean
}

export class Segment {
  readonly number: number
  /** In its name: the timestamp of its first frame. */
  readonly firstUs: number
  readonly #memory: MemoryBound
  /** Bytes on disk of the three files. */
  fileBytes = 0
  eventsBytes = 0
  indexBytes = 0
  /** Bytes of its event record, those in memory too. */
  lineBytes = 0
  /** When something came to it last, by the clock of this node. */
  changedUs: number
  /** In memory, in order. Those before the last are sealed. */
  readonly parts: Part[] = []
  frames = 0
  /** Of all data frames. */
  minUs = Number.POSITIVE_INFINITY
  maxUs = Number.NEGATIVE_INFINITY
  /** Of the runs in it. */
  spanFromUs = Number.POSITIVE_INFINITY
  spanToUs = Number.NEGATIVE_INFINITY
  /** The times it says something about: from the last frame before it to its own last. */
  coverFromUs = Number.NEGATIVE_INFINITY
  coverToUs = Number.POSITIVE_INFINITY
  /** Between these its event record says something: what was lost as a session ended is beyond its last frame. */
  #saysFromUs = Number.POSITIVE_INFINITY
  #saysToUs = Number.NEGATIVE_INFINITY
  /** What a run that goes on from the segment before had there is not its matter. */
  #carriedUs = Number.NaN
  /** Closed blocks; undefined where they have to be read from the index first. */
  blocks: Block[] | undefined
  /** Nothing comes to it any more. */
  sealed = false

  /** What the part before grew to: the next will need as much. */
  #partBytes = FIRST_PART_BYTES
  #configurationAt = 0
  #configurationBytes = 0
  #blockAt = 0
  #blockFrames = 0
  #blockMinUs = Number.POSITIVE_INFINITY
  #blockMaxUs = Number.NEGATIVE_INFINITY

  constructor(number: number, firstUs: number, changedUs: number, memory: MemoryBound) {
    this.number = number
    this.firstUs = firstUs
    this.changedUs = changedUs
    this.#memory = memory
  }

  get name(): string {
    return segmentName(this.firstUs, this.number)
  }

  /** Bytes of frames, on disk and in memory. */
  get end(): number {
    const part = this.parts.at(-1)
    return part ? part.offset + part.length : this.fileBytes
  }

  /** Whether a frame of [fromUs, toUs) may be in it. */
  mayHold(fromUs: number, toUs: number): boolean {
    return this.minUs < toUs && this.maxUs >= fromUs
  }

  /** Whether its event record may say something of [fromUs, toUs). */
  maySay(fromUs: number, toUs: number): boolean {
    return this.#saysFromUs < toUs && this.#saysToUs >= fromUs
  }

  /** Its event record has this line; `undefined`: one that cannot be believed, and may have been of any time. */
  says(event: JournalEvent | undefined): void {
    this.saysOf(event ? timesOf(event) : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])
    if (event?.event === 'segment' && event.moment.online) this.#carriedUs = event.moment.run?.firstUs ?? Number.NaN
  }

  saysOf(times: readonly number[]): void {
    for (const us of times) {
      if (us === this.#carriedUs) continue
      if (us < this.#saysFromUs) this.#saysFromUs = us
      if (us > this.#saysToUs) this.#saysToUs = us
    }
  }

  /** A configuration that describes the data from here on. `lastUs`: of the run. */
  appendConfiguration({ bytes }: Epoch, lastUs: number): void {
    this.closeBlock(lastUs)
    this.#configurationAt = this.end
    this.#configurationBytes = bytes.length
    this.#append(bytes)
  }

  /** A data frame with its time, and the last time of the run it may have moved. */
  appendFrame(frame: Uint8Array, us: number, lastUs: number): void {
    this.#append(frame)
    this.frames++
    this.#blockFrames++
    if (us < this.#blockMinUs) this.#blockMinUs = us
    if (us > this.#blockMaxUs) this.#blockMaxUs = us
    if (us < this.minUs) this.minUs = us
    if (us > this.maxUs) this.maxUs = us
    if (this.end - this.#blockAt >= BLOCK_BYTES) this.closeBlock(lastUs)
  }

  /** The run of the stream goes on in it. */
  widen(firstUs: number, lastUs: number): void {
    if (lastUs > this.spanToUs) this.spanToUs = lastUs
    // What an earlier segment has of the run is its matter.
    if (this.spanFromUs > lastUs) this.spanFromUs = this.frames === 0 ? lastUs : Math.min(firstUs, lastUs)
  }

  appendLine(line: Uint8Array): void {
    this.#open().lines.push(line)
    this.#memory.used += line.length
  }

  /** What a log has that the files do not: one part, on its way to the disk. */
  recovered(frames: Uint8Array, lines: Uint8Array): void {
    if (frames.length === 0 && lines.length === 0) return
    this.parts.push({
      offset: this.end,
      bytes: frames,
      length: frames.length,
      lines: lines.length > 0 ? [lines] : [],
      blocks: [],
      sealed: true,
    })
    this.#memory.used += frames.length + lines.length
  }

  /** What is not in a closed block yet, as a block. */
  openBlock(lastUs: number): Block | undefined {
    const bytes = this.end - this.#blockAt
    if (bytes === 0) return undefined
    return {
      offset: this.#blockAt,
      bytes,
      frames: this.#blockFrames,
      configurationAt: this.#configurationAt,
      configurationBytes: this.#configurationBytes,
      minUs: this.#blockMinUs,
      maxUs: this.#blockMaxUs,
      lastUs,
    }
  }

  closeBlock(lastUs: number): void {
    const block = this.openBlock(lastUs)
    if (!block) return
    this.blocks?.push(block)
    this.#open().blocks.push(block)
    this.#blockAt = this.end
    this.#blockFrames = 0
    this.#blockMinUs = Number.POSITIVE_INFINITY
    this.#blockMaxUs = Number.NEGATIVE_INFINITY
  }

  /** What is in memory goes to the disk now; what comes from here on is another part. */
  sealParts(): void {
    for (const part of this.parts) part.sealed = true
  }

  /** The first part is on disk: its memory is free. */
  partIsOnDisk(): void {
    const part = this.parts.shift()!
    this.#partBytes = Math.max(FIRST_PART_BYTES, part.length + (part.length >> 3))
    this.fileBytes = part.offset + part.length
    this.#memory.used -= part.length
    for (const line of part.lines) {
      this.eventsBytes += line.length
      this.#memory.used -= line.length
    }
  }

  /** What is in memory will never be on disk. Returns how many data frames that were. */
  dropParts(): number {
    let frames = 0
    for (const { bytes, length, lines } of this.parts) {
      this.#memory.used -= lines.reduce((sum, line) => sum + line.length, length)
      scanFrames(
        bytes.subarray(0, length),
        0,
        (frame) => {
          if (frameTypeOf(frame) === FrameType.data) frames++
        },
        () => {},
      )
    }
    this.parts.length = 0
    this.frames -= frames
    this.sealed = true
    // Those in memory tell of bytes that are gone.
    this.blocks = undefined
    return frames
  }

  /** A copy of [from, to) as far as it is in memory; the rest, before it, is on disk. */
  inMemory(from: number, to: number): Uint8Array {
    const start = Math.max(from, this.fileBytes)
    const copy = new Uint8Array(Math.max(0, to - start))
    for (const { offset, bytes, length } of this.parts) {
      const [a, b] = [Math.max(start, offset), Math.min(to, offset + length)]
      if (a < b) copy.set(bytes.subarray(a - offset, b - offset), a - start)
    }
    return copy
  }

  sums(): SegmentSums {
    const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null)
    return {
      bytes: this.end,
      frames: this.frames,
      minUs: orNull(this.minUs),
      maxUs: orNull(this.maxUs),
      spanFromUs: orNull(this.spanFromUs),
      spanToUs: orNull(this.spanToUs),
    }
  }

  takeSums({ frames, minUs, maxUs, spanFromUs, spanToUs }: SegmentSums): void {
    this.frames = frames
    this.minUs = minUs ?? Number.POSITIVE_INFINITY
    this.maxUs = maxUs ?? Number.NEGATIVE_INFINITY
    this.spanFromUs = spanFromUs ?? Number.POSITIVE_INFINITY
    this.spanToUs = spanToUs ?? Number.NEGATIVE_INFINITY
  }

  #append(bytes: Uint8Array): void {
    const part = this.#open()
    const need = part.length + bytes.length
    if (need > part.bytes.length) {
      const grown = new Uint8Array(Math.max(need, 2 * part.bytes.length, this.#partBytes))
      grown.set(part.bytes.subarray(0, part.length))
      part.bytes = grown
    }
    part.bytes.set(bytes, part.length)
    part.length = need
    this.#memory.used += bytes.length
  }

  #open(): Part {
    const last = this.parts.at(-1)
    if (last && !last.sealed) return last
    const part: Part = { offset: this.end, bytes: EMPTY, length: 0, lines: [], blocks: [], sealed: false }
    this.parts.push(part)
    return part
  }
}

const EMPTY = new Uint8Array(0)
