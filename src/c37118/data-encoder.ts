import { compileChannels } from './compile-channels.ts'
import type { Configuration } from './configuration.ts'
import { columnsOf, type DataColumns } from './data-columns.ts'
import { layoutOf } from './data-layout.ts'
import { fillColumns, mismatch, type SampleInput } from './data-sample.ts'
import { packWords } from './data-words.ts'
import { FrameType, MAX_FRAME_SIZE } from './frame.ts'
import { FrameError } from './frame-error.ts'
import { writeChecksum, writeHeader } from './frame-writer.ts'

/** Writes the data frames that one configuration describes. */
export interface DataEncoder {
  readonly configuration: Configuration
  readonly frameSize: number
  /** Columns to fill, with the IDCODE and SYNC version of the configuration. */
  createColumns(): DataColumns
  /**
   * A new frame. What was decoded and not changed keeps its bits. An integer
   * that its value does not fit in is written as the nearest that there is; NaN
   * is written as the mark of absent data.
   */
  encode(data: SampleInput | DataColumns): Uint8Array
  /** The same from columns into `target`, of {@link frameSize} bytes. Afterwards `columns.raw` is what was written. Allocates nothing. */
  encodeInto(columns: DataColumns, target: Uint8Array): void
  /** A new frame from `columns.raw` alone, whatever the physical columns say. */
  encodeRaw(columns: DataColumns): Uint8Array
}

export function compileEncoder(configuration: Configuration): DataEncoder {
  const layout = layoutOf(configuration)
  const { frameSize, runs } = layout
  if (frameSize > MAX_FRAME_SIZE) {
    throw new FrameError(
      { code: 'FRAME_TOO_LARGE', size: frameSize, limit: MAX_FRAME_SIZE },
      `data frames of this configuration would take ${frameSize} bytes`,
    )
  }
  const channels = compileChannels(configuration, layout)

  const createColumns = (): DataColumns => {
    const columns = columnsOf(layout)
    columns.version = configuration.version
    columns.idcode = configuration.idcode
    return columns
  }

  const writeRaw = (columns: DataColumns, target: Uint8Array): void => {
    checkShape(columns, target)
    writeHeader(target, FrameType.data, columns, frameSize)
    packWords(columns.raw, runs, target)
    writeChecksum(target)
  }

  const encodeInto = (columns: DataColumns, target: Uint8Array): void => {
    for (let at = 0; at < channels.length; at++) channels[at]!.toRaw(columns)
    writeRaw(columns, target)
  }

  const checkShape = (columns: DataColumns, target: Uint8Array): void => {
    if (columns.raw.length !== layout.words) throw mismatch('raw', columns.raw.length, layout.words)
    if (target.length !== frameSize) throw mismatch('target', target.length, frameSize)
  }

  const columnsFrom = (sample: SampleInput): DataColumns => {
    const columns = createColumns()
    if (sample.raw) {
      if (sample.raw.length !== layout.words) throw mismatch('raw', sample.raw.length, layout.words)
      columns.raw.set(sample.raw)
    }
    for (const channel of channels) channel.toPhysical(columns)
    fillColumns(columns, sample, layout)
    columns.version = sample.version ?? configuration.version
    columns.idcode = sample.idcode ?? configuration.idcode
    columns.soc = sample.soc
    columns.fraction = sample.fraction
    columns.timeQuality = sample.timeQuality ?? 0
    return columns
  }

  return {
    configuration,
    frameSize,
    createColumns,
    encode(data) {
      const frame = new Uint8Array(frameSize)
      encodeInto('pmus' in data ? columnsFrom(data) : data, frame)
      return frame
    },
    encodeInto,
    encodeRaw(columns) {
      const frame = new Uint8Array(frameSize)
      writeRaw(columns, frame)
      return frame
    },
  }
}
