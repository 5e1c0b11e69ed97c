/** Finds the blocks of a segment anew from its bytes, where its index does not tell them. */
import { ConfigurationAssembler, FrameError, FrameType, frameTypeOf, sizeOf } from '../c37118/index.ts'
import { BLOCK_BYTES, type Block } from './block.ts'
import { type Epoch, epochOf, frameUs } from './epoch.ts'
import type { JournalEvent } from './journal-event.ts'
import type { RunTrack } from './run-track.ts'
import { scanFrames } from './scan-frames.ts'

/** A configuration in its place in a segment. */
export interface EpochAt {
  readonly at: number
  readonly bytes: number
  /** Undefined where it cannot be read. */
  readonly epoch: Epoch | undefined
}

/** The copies of configurations that an event record has, in order. */
export function copiesIn(events: readonly (JournalEvent | undefined)[]): EpochAt[] {
  return events.flatMap((event) => {
    if (event?.event !== 'configuration') return []
    const fragments = event.frames.map((text) => new Uint8Array(Buffer.from(text, 'base64')))
    const bytes = fragments.reduce((sum, { length }) => sum + length, 0)
    return [{ at: event.offset, bytes, epoch: epochOr(() => epochOf(fragments)) }]
  })
}

/** The configuration that bytes of frames begin with. */
export function leadingEpoch(bytes: Uint8Array): Epoch | undefined {
  const assembler = new ConfigurationAssembler()
  for (let at = 0; at + MIN_FRAME_SIZE <= bytes.length; ) {
    const size = sizeOf(bytes.subarray(at, at + 4))
    const frame = bytes.subarray(at, at + size)
    if (size < MIN_FRAME_SIZE || frame.length < size || frameTypeOf(frame) === FrameType.data) return undefined
    const epoch = epochOr(() => {
      const fragments = assembler.push(frame)
      return fragments && epochOf(fragments)
    })
    if (epoch) return epoch
    at += size
  }
  return undefined
}

const MIN_FRAME_SIZE = 16

function epochOr(read: () => Epoch | undefined): Epoch | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FrameError)) throw error
    return undefined
  }
}

export interface ScanState {
  /** In force where the bytes begin. */
  readonly epoch: EpochAt
  /** Those that the event record has: they stand for frames that are damaged. */
  readonly copies: readonly EpochAt[]
  readonly track: RunTrack | undefined
  /** Nothing follows: what is not whole at the end will never be. */
  readonly last: boolean
}

export interface ScannedBlocks {
  readonly blocks: readonly Block[]
  /** Up to here they reach; the next bytes go on from there. */
  readonly end: number
  readonly epoch: EpochAt
}

/** Cuts bytes at an offset of a segment into blocks as the writer does. */
export function scanBlocks(bytes: Uint8Array, offset: number, state: ScanState): ScannedBlocks {
  const scan = new BlockScan(offset, state)
  scanFrames(
    bytes,
    offset,
    (frame, at) => {
      if (frameTypeOf(frame) === FrameType.data) scan.data(frame, at)
      else scan.configuration(frame, at)
    },
    () => {},
  )
  return scan.finish(offset + bytes.length)
}

class BlockScan {
  readonly #state: ScanState
  readonly #copies: EpochAt[]
  readonly #blocks: Block[] = []
  readonly #assembler = new ConfigurationAssembler()
  readonly #offset: number
  #epoch: EpochAt
  /** Where the configuration begins of which fragments are passing by. */
  #configuringAt: number | undefined
  #begin: number
  #end: number
  #frames = 0
  #minUs = Number.POSITIVE_INFINITY
  #maxUs = Number.NEGATIVE_INFINITY

  constructor(offset: number, state: ScanState) {
    this.#state = state
    this.#offset = offset
    this.#epoch = state.epoch
    this.#copies = state.copies.filter(({ at }) => at > state.epoch.at || state.epoch.epoch === undefined)
    this.#begin = offset
    this.#end = offset
  }

  configuration(frame: Uint8Array, at: number): void {
    if (this.#configuringAt === undefined) {
      this.#end = at
      this.#close()
      this.#configuringAt = at
    }
    const begin = this.#configuringAt
    this.#end = at + frame.length
    try {
      const fragments = this.#assembler.push(frame)
      if (!fragments) return
      this.#epoch = { at: begin, bytes: this.#end - begin, epoch: epochOf(fragments) }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
    }
    this.#configuringAt = undefined
  }

  data(frame: Uint8Array, at: number): void {
    this.#configuringAt = undefined
    this.#useCopies(at)
    const { track } = this.#state
    const us = frameUs(frame, this.#epoch.epoch?.timeBase ?? 0)
    track?.see(us)
    this.#end = at + frame.length
    this.#frames++
    this.#minUs = Math.min(this.#minUs, us)
    this.#maxUs = Math.max(this.#maxUs, us)
    if (this.#end - this.#begin >= BLOCK_BYTES) this.#close()
  }

  /** `end`: of the bytes that were scanned. Where nothing in them is a frame they are a block all the same. */
  finish(end: number): ScannedBlocks {
    if (this.#state.last || this.#end === this.#offset) this.#end = end
    this.#close()
    return { blocks: this.#blocks, end: this.#end, epoch: this.#epoch }
  }

  /** Configurations that should have come before `at`, and did not. */
  #useCopies(at: number): void {
    for (;;) {
      const copy = this.#copies[0]
      if (!copy || copy.at > at) return
      this.#copies.shift()
      if (copy.at <= this.#epoch.at && this.#epoch.epoch) continue
      this.#end = Math.max(this.#begin, Math.min(at, copy.at))
      this.#close()
      this.#epoch = copy
    }
  }

  #close(): void {
    if (this.#end === this.#begin) return
    this.#blocks.push({
      offset: this.#begin,
      bytes: this.#end - this.#begin,
      frames: this.#frames,
      configurationAt: this.#epoch.at,
      configurationBytes: this.#epoch.bytes,
      minUs: this.#minUs,
      maxUs: this.#maxUs,
      lastUs: this.#state.track?.lastUs ?? this.#maxUs,
    })
    this.#begin = this.#end
    this.#frames = 0
    this.#minUs = Number.POSITIVE_INFINITY
    this.#maxUs = Number.NEGATIVE_INFINITY
  }
}
