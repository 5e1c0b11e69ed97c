import {
  CaptureError,
  type CaptureFault,
  type CaptureReport,
  type Direction,
  FrameExtractor,
  type FrameExtractorOptions,
} from '../../src/capture/index.ts'
import { asHex } from './frames.ts'

export interface Found {
  readonly frames: { readonly hex: string; readonly direction: Direction; readonly timeUs: number | undefined }[]
  readonly gaps: (number | undefined)[]
  discarded: number
  readonly closed: Direction[]
  report: CaptureReport
  fault: CaptureFault | undefined
}

/** Reads a whole capture, given in chunks; damage is kept as a fact, anything else is thrown. */
export function extract(chunks: Iterable<Uint8Array>, options?: FrameExtractorOptions): Found {
  const found: Omit<Found, 'report'> = { frames: [], gaps: [], closed: [], discarded: 0, fault: undefined }
  const extractor = new FrameExtractor(
    {
      frame: (frame, direction, timeUs) => found.frames.push({ hex: asHex(frame), direction, timeUs }),
      gap: (_direction, missing) => found.gaps.push(missing),
      discard: (_direction, count) => {
        found.discarded += count
      },
      closed: (direction) => found.closed.push(direction),
    },
    options,
  )
  try {
    for (const chunk of chunks) extractor.push(chunk)
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    found.fault = error.facts
  }
  return Object.assign(found, { report: extractor.end() })
}

/** Cuts bytes into pieces of these sizes, over and over. */
export function* inPieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    yield bytes.slice(at, at + size)
    at += size
  }
}
