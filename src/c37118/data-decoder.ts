import { checksum } from './checksum.ts'
import { compileChannels } from './compile-channels.ts'
import type { Configuration } from './configuration.ts'
import { columnsOf, type DataColumns } from './data-columns.ts'
import { layoutOf } from './data-layout.ts'
import { type DataSample, mismatch, sampleOf } from './data-sample.ts'
import { unpackWords } from './data-words.ts'
import { checkFrame, FrameType, readFrameHeader, SYNC, wrongType } from './frame.ts'
import { FrameError } from './frame-error.ts'
import { fractionOf, idcodeOf, sizeOf, socOf, timeQualityOf, versionOf } from './frame-fields.ts'

/** Reads the data frames that one configuration describes. */
export interface DataDecoder {
  readonly configuration: Configuration
  /** Of each of those frames, in bytes. */
  readonly frameSize: number
  /** Columns for {@link decodeInto}: make them once. */
  createColumns(): DataColumns
  /** Checks type, size and CHK, and fills `columns`. Allocates nothing. */
  decodeInto(frame: Uint8Array, columns: DataColumns): void
  /** The same as plain objects, for where that costs nothing that matters. */
  decode(frame: Uint8Array): DataSample
}

/** A data frame cannot be read alone: its layout is what the configuration says. So that is compiled, once. */
export function compileDecoder(configuration: Configuration): DataDecoder {
  const layout = layoutOf(configuration)
  const { frameSize, runs } = layout
  const channels = compileChannels(configuration, layout)

  const decodeInto = (frame: Uint8Array, columns: DataColumns): void => {
    if (!isDataFrame(frame, frameSize)) throw explain(frame, frameSize)
    if (columns.raw.length !== layout.words) throw mismatch('raw', columns.raw.length, layout.words)
    columns.version = versionOf(frame)
    columns.idcode = idcodeOf(frame)
    columns.soc = socOf(frame)
    columns.fraction = fractionOf(frame)
    columns.timeQuality = timeQualityOf(frame)
    unpackWords(frame, runs, columns.raw)
    for (let at = 0; at < channels.length; at++) channels[at]!.toPhysical(columns)
  }

  return {
    configuration,
    frameSize,
    createColumns: () => columnsOf(layout),
    decodeInto,
    decode(frame) {
      const columns = columnsOf(layout)
      decodeInto(frame, columns)
      return sampleOf(columns, layout)
    },
  }
}

/** Everything that is checked, in the order that is cheapest. */
function isDataFrame(frame: Uint8Array, size: number): boolean {
  return (
    frame.length === size &&
    frame[0] === SYNC &&
    // Type 0, version 0 to 2.
    frame[1]! <= 2 &&
    sizeOf(frame) === size &&
    // A message followed by its own CRC has the CRC 0.
    checksum(frame) === 0
  )
}

/** The error for a frame that is not as it should be. */
function explain(frame: Uint8Array, expected: number): Error {
  const header = readFrameHeader(frame)
  if (header.type !== FrameType.data) return wrongType(header.type, [FrameType.data])
  const { idcode, size } = checkFrame(frame)
  return new FrameError(
    { code: 'DATA_SIZE_MISMATCH', idcode, size, expected },
    `a data frame of IDCODE ${idcode} has ${size} bytes, its configuration says ${expected}`,
  )
}
