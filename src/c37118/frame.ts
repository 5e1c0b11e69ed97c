/**
 * The part every C37.118.2 frame shares: SYNC, FRAMESIZE, IDCODE, SOC, FRACSEC
 * and CHK. Pure: bytes in, plain data out. No socket, no clock, no state.
 */
import { checksum } from './checksum.ts'
import { FrameError } from './frame-error.ts'
import { fractionOf, frameTypeOf, idcodeOf, sizeOf, socOf, timeQualityOf, versionOf } from './frame-fields.ts'

export const SYNC = 0xaa
export const HEADER_SIZE = 14
export const CHECKSUM_SIZE = 2
/** A header frame without text. */
export const MIN_FRAME_SIZE = HEADER_SIZE + CHECKSUM_SIZE
export const MAX_FRAME_SIZE = 0xffff

export const FrameType = {
  data: 0,
  header: 1,
  config1: 2,
  config2: 3,
  command: 4,
  config3: 5,
} as const
export type FrameType = (typeof FrameType)[keyof typeof FrameType]

/** Version number in SYNC: 1 is C37.118-2005, 2 is C37.118.2-2011, 0 a draft that is read as 1. */
export type FrameVersion = 0 | 1 | 2

/** A point in time as frames carry it. */
export interface FrameTime {
  /** Seconds since the UNIX epoch, leap seconds not counted. */
  readonly soc: number
  /** 24-bit count of 1/TIME_BASE seconds. */
  readonly fraction: number
}

export interface FrameHeader extends FrameTime {
  readonly type: FrameType
  readonly version: FrameVersion
  /** FRAMESIZE: of the whole frame, SYNC and CHK included. */
  readonly size: number
  readonly idcode: number
  /** The upper byte of FRACSEC: leap-second bits and MSG_TQ. See {@link describeTimeQuality}. */
  readonly timeQuality: number
}

/*
  Frame => SYNC FRAMESIZE IDCODE SOC FRACSEC body CHK
    SYNC      => UINT16   0xAA, then reserved 0 | type(3) | version(4)
    FRAMESIZE => UINT16   counts itself, SYNC and CHK
    IDCODE    => UINT16
    SOC       => UINT32
    FRACSEC   => UINT32   timeQuality(8) | fraction(24)
    CHK       => UINT16   over everything before it
*/

/** Reads the header of one whole frame. Judges everything but CHK. */
export function readFrameHeader(bytes: Uint8Array): FrameHeader {
  if (bytes.length >= 2) checkSync((bytes[0]! << 8) | bytes[1]!)
  if (bytes.length >= 4) checkSize(sizeOf(bytes), bytes.length)
  else throw truncated(0, MIN_FRAME_SIZE, bytes.length)
  return {
    type: frameTypeOf(bytes),
    version: versionOf(bytes),
    size: sizeOf(bytes),
    idcode: idcodeOf(bytes),
    soc: socOf(bytes),
    fraction: fractionOf(bytes),
    timeQuality: timeQualityOf(bytes),
  }
}

/** Reads the header of one whole frame, and judges its CHK too. */
export function checkFrame(bytes: Uint8Array): FrameHeader {
  const header = readFrameHeader(bytes)
  verifyChecksum(bytes)
  return header
}

/** As {@link checkFrame}, for a caller that can only use frames of some types. */
export function checkFrameOf(bytes: Uint8Array, ...expected: readonly FrameType[]): FrameHeader {
  const header = checkFrame(bytes)
  if (!expected.includes(header.type)) throw wrongType(header.type, expected)
  return header
}

/** Throws unless the last two of `bytes` are the CRC of those before. */
export function verifyChecksum(bytes: Uint8Array): void {
  const end = bytes.length - CHECKSUM_SIZE
  const carried = (bytes[end]! << 8) | bytes[end + 1]!
  const computed = checksum(bytes, 0, end)
  if (carried !== computed) {
    const idcode = idcodeOf(bytes)
    throw new FrameError(
      { code: 'FRAME_BAD_CHECKSUM', idcode, carried, computed },
      `CHK of a frame of IDCODE ${idcode} is 0x${hex(carried)}, its bytes give 0x${hex(computed)}`,
    )
  }
}

function checkSync(sync: number): void {
  const version = sync & 0x0f
  if (sync >> 8 !== SYNC) throw new FrameError({ code: 'FRAME_BAD_SYNC', sync }, `0x${hex(sync)} begins no frame`)
  if (version > 2) {
    throw new FrameError(
      { code: 'FRAME_VERSION_UNSUPPORTED', version, sync },
      version === 3
        ? `SYNC 0x${hex(sync)} is of C37.118.2-2024, which is not supported; set the device to the 2011 or 2005 version`
        : `SYNC 0x${hex(sync)} has version ${version}; 0 to 2 are known`,
    )
  }
  if (sync & 0x80) throw new FrameError({ code: 'FRAME_BAD_SYNC', sync }, `0x${hex(sync)} has the reserved bit set`)
  const type = (sync >> 4) & 0b111
  if (type > FrameType.config3) {
    throw new FrameError({ code: 'FRAME_UNKNOWN_TYPE', type, sync }, `SYNC 0x${hex(sync)} has frame type ${type}`)
  }
}

function checkSize(size: number, have: number): void {
  if (size < MIN_FRAME_SIZE) {
    throw new FrameError(
      { code: 'FRAME_BAD_SIZE', size, minimum: MIN_FRAME_SIZE },
      `FRAMESIZE ${size} is less than the smallest frame, ${MIN_FRAME_SIZE}`,
    )
  }
  if (size > have) throw truncated(0, size, have)
  if (size < have) {
    throw new FrameError({ code: 'FRAME_TRAILING_BYTES', count: have - size }, `FRAMESIZE is ${size} of ${have} bytes`)
  }
}

function truncated(at: number, need: number, have: number): FrameError {
  return new FrameError({ code: 'FRAME_TRUNCATED', at, need, have }, `a frame of ${need} byte(s), ${have} are there`)
}

export function wrongType(type: FrameType, expected: readonly FrameType[]): FrameError {
  return new FrameError(
    { code: 'FRAME_WRONG_TYPE', type, expected },
    `frame type ${type} where ${expected.join(' or ')} was expected`,
  )
}

const hex = (word: number): string => word.toString(16).padStart(4, '0')
