import {
  checksum,
  FrameSplitter,
  type FrameSplitter as Splitter,
  type SplitterOptions,
} from '../../../src/c37118/index.ts'
import { readCapture } from '../../support/captures.ts'

/** A copy with its CHK, and if wished its FRAMESIZE, made right. */
export function sealed(bytes: Uint8Array, { size = false } = {}): Uint8Array {
  const frame = Uint8Array.from(bytes)
  const view = new DataView(frame.buffer)
  if (size) view.setUint16(2, frame.length)
  view.setUint16(frame.length - 2, checksum(frame, 0, frame.length - 2))
  return frame
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}

/** Cuts `bytes` at these places. */
export function chunksOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return edges.slice(1).map((end, at) => bytes.subarray(edges[at], end))
}

export interface SplitResult {
  readonly frames: readonly Uint8Array[]
  /** Bytes skipped, per reason. */
  readonly discards: Readonly<Record<string, number>>
  readonly splitter: Splitter
}

export function split(
  chunks: readonly Uint8Array[],
  { flush = true, ...options }: SplitterOptions & { flush?: boolean } = {},
): SplitResult {
  const frames: Uint8Array[] = []
  const discards: Record<string, number> = {}
  const splitter = new FrameSplitter({
    ...options,
    onDiscard: (count, reason) => {
      discards[reason] = (discards[reason] ?? 0) + count
    },
  })
  for (const chunk of chunks) splitter.push(chunk, (frame) => frames.push(frame))
  if (flush) splitter.flush((frame) => frames.push(frame))
  return { frames, discards, splitter }
}

/** Frames that lie whole in the packets of a capture file: the splitter finds them between the file's own bytes. */
export const framesIn = (name: string): readonly Uint8Array[] => split([readCapture(name)]).frames
