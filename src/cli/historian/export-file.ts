import { FrameSplitter, FrameType, frameTypeOf } from '../../c37118/index.ts'
import { csvRow } from '../../runtime/csv.ts'
import { isoTime } from '../../runtime/iso-time.ts'
import { ExportedFrames } from './exported-frames.ts'
import { type NamedChannel, valueReader } from './value-reader.ts'

/** What a file is made of, from frames as a historian sends them. */
export interface ExportFile {
  begin(): Uint8Array
  /** Of bytes with frames, cut anywhere; what has to wait comes later. */
  bytes(bytes: Uint8Array): Uint8Array
  /** Data frames since it was asked last. */
  takeFrames(): number
}

/** Frames back to back. */
export function plainFrames(): ExportFile {
  let frames = 0
  const splitter = new FrameSplitter()
  return {
    begin: () => new Uint8Array(0),
    bytes(bytes) {
      splitter.push(bytes, (frame) => {
        if (frameTypeOf(frame) === FrameType.data) frames++
      })
      return bytes
    },
    takeFrames() {
      const taken = frames
      frames = 0
      return taken
    },
  }
}

/** A row for each data frame, in physical units; empty where it is absent, or the configuration has no such channel. */
export function csvFrames(channels: readonly NamedChannel[]): ExportFile {
  let frames = 0
  const exported = new ExportedFrames((configuration) => valueReader(configuration, channels))
  return {
    begin: () => Buffer.from(csvRow(['time', ...channels.map(({ id, unit }) => `${id} ${unit}`.trim())])),
    bytes(bytes) {
      let rows = ''
      exported.push(bytes, (frame, reader) => {
        frames++
        const time = isoTime(reader.read(frame))
        rows += csvRow([time, ...Array.from(reader.values, (value) => (Number.isNaN(value) ? '' : String(value)))])
      })
      return Buffer.from(rows)
    },
    takeFrames() {
      const taken = frames
      frames = 0
      return taken
    },
  }
}
