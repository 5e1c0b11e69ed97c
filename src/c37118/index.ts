/**
 * IEEE C37.118.2 frames: bytes to plain data and back. No dependency, and
 * nothing of Node: it runs in a browser too.
 *
 * @example
 * ```ts
 * import { compileDecoder, decodeConfiguration, FrameType, frameTypeOf, splitFrames } from 'phasorbus/c37118'
 *
 * let decoder
 * for await (const frame of splitFrames(socket)) {
 *   if (frameTypeOf(frame) === FrameType.config2) decoder = compileDecoder(decodeConfiguration(frame))
 *   else if (frameTypeOf(frame) === FrameType.data) console.log(decoder?.decode(frame).pmus[0].phasors)
 * }
 * ```
 *
 * @module
 */

export { checksum } from './checksum.ts'
export type { CommandFrame } from './command.ts'
export { Command, decodeCommand, describeCommand, encodeCommand } from './command.ts'
export type {
  AnalogChannel,
  Configuration,
  ConfigurationType,
  DigitalWord,
  Format,
  Fragmentation,
  NumberFormat,
  PhasorChannel,
  PhasorComponent,
  PmuConfiguration,
} from './configuration.ts'
export { phasorComponents } from './configuration.ts'
export type { AssemblerOptions } from './configuration-assembler.ts'
export { ConfigurationAssembler } from './configuration-assembler.ts'
export { decodeConfiguration, encodeConfiguration } from './configuration-codec.ts'
export { sameConfiguration } from './configuration-identity.ts'
export type { BlockPlace } from './data-blocks.ts'
export { ABSENT_STAT, absentFrame, dataBlocks, isAbsentBlock } from './data-blocks.ts'
export type { DataColumns } from './data-columns.ts'
export { createColumns } from './data-columns.ts'
export type { DataDecoder } from './data-decoder.ts'
export { compileDecoder } from './data-decoder.ts'
export type { DataEncoder } from './data-encoder.ts'
export { compileEncoder } from './data-encoder.ts'
export { dataFrameSize } from './data-layout.ts'
export type {
  DataSample,
  Phasor,
  PmuInput,
  PmuSample,
  PolarInput,
  RectangularInput,
  SampleInput,
} from './data-sample.ts'
export { describeAnalogType, describePhasorModification } from './describe-units.ts'
export type { DiscardReason, OnDiscard } from './discard-tally.ts'
export { decodeFormat, encodeFormat } from './format.ts'
export type { FrameHeader, FrameTime, FrameVersion } from './frame.ts'
export { checkFrame, FrameType, MAX_FRAME_SIZE, MIN_FRAME_SIZE, readFrameHeader } from './frame.ts'
export type { FrameFault } from './frame-error.ts'
export { FrameError } from './frame-error.ts'
export { fractionOf, frameTypeOf, idcodeOf, sizeOf, socOf, timeQualityOf, versionOf } from './frame-fields.ts'
export type { OnFrame, SplitterOptions } from './frame-splitter.ts'
export { FrameSplitter } from './frame-splitter.ts'
export { stampFrame } from './frame-writer.ts'
export type { HeaderFrame } from './header-frame.ts'
export { decodeHeader, encodeHeader } from './header-frame.ts'
export type { PhasorScale } from './phasor-codecs.ts'
export { normalise as normaliseAngle, phasorScaleOf } from './phasor-codecs.ts'
export { analogScale } from './plain-codecs.ts'
export { splitFrames } from './split-frames.ts'
export type { StatFields } from './stat.ts'
export { decodeStat, describeDataError, describeStat, describeTrigger, encodeStat, Stat } from './stat.ts'
export { dataRateOf, framesPerSecond, frameTimeOf, microsecondsOf, timestampOf } from './time.ts'
export type { TimeQuality } from './time-quality.ts'
export { decodeTimeQuality, describeTimeQuality, encodeTimeQuality } from './time-quality.ts'
export type { DataWord, WordTable } from './word-table.ts'
export { wordTable } from './word-table.ts'
