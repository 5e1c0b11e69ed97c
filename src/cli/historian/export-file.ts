import {
  type Configuration,
  ConfigurationAssembler,
  compileDecoder,
  type DataDecoder,
  decodeConfiguration,
  FrameSplitter,
  FrameType,
  frameTypeOf,
  microsecondsOf,
} from '../../c37118/index.ts'
import { type Channel, channelsOf, FrameTable } from '../../historian/index.ts'
import { csvRow } from '../../runtime/csv.ts'
import { isoTime } from '../../runtime/iso-time.ts'

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
export function csvFrames(channels: readonly { readonly id: string; readonly unit: string }[]): ExportFile {
  let frames = 0
  const splitter = new FrameSplitter()
  const assembler = new ConfigurationAssembler()
  let reader: RowReader | undefined
  return {
    begin: () => Buffer.from(csvRow(['time', ...channels.map(({ id, unit }) => `${id} ${unit}`.trim())])),
    bytes(bytes) {
      let rows = ''
      splitter.push(bytes, (frame) => {
        if (frameTypeOf(frame) !== FrameType.data) {
          const fragments = assembler.push(frame)
          if (fragments) reader = rowReader(decodeConfiguration(fragments), channels)
        } else if (reader) {
          frames++
          rows += reader(frame)
        }
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

type RowReader = (frame: Uint8Array) => string

function rowReader(configuration: Configuration, wanted: readonly { readonly id: string }[]): RowReader {
  const has = new Map(channelsOf(new FrameTable(configuration)).map((channel) => [channel.id, channel]))
  const channels: readonly (Channel | undefined)[] = wanted.map(({ id }) => has.get(id))
  const decoder: DataDecoder = compileDecoder(configuration)
  const columns = decoder.createColumns()
  return (frame) => {
    decoder.decodeInto(frame, columns)
    const cells = channels.map((channel) => {
      const value = channel ? channel.read(columns) : Number.NaN
      return Number.isNaN(value) ? '' : String(value)
    })
    return csvRow([isoTime(microsecondsOf(columns, configuration.timeBase)), ...cells])
  }
}
