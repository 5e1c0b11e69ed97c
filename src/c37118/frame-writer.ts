import { checkInteger } from './byte-writer.ts'
import { checksum } from './checksum.ts'
import {
  CHECKSUM_SIZE,
  type FrameTime,
  type FrameType,
  type FrameVersion,
  MAX_FRAME_SIZE,
  MIN_FRAME_SIZE,
  SYNC,
} from './frame.ts'

/** What a frame is headed with, beside its type and size. */
export interface HeaderFields extends FrameTime {
  readonly version: FrameVersion
  readonly idcode: number
  readonly timeQuality: number
}

/** Writes header and CHK around a body that is already in `frame`. FRAMESIZE is the length of `frame`. */
export function sealFrame(frame: Uint8Array, type: FrameType, header: HeaderFields): Uint8Array {
  writeHeader(frame, type, header, checkInteger(frame.length, 'FRAMESIZE', MIN_FRAME_SIZE, MAX_FRAME_SIZE))
  writeChecksum(frame)
  return frame
}

export function writeHeader(target: Uint8Array, type: FrameType, header: HeaderFields, size: number): void {
  const { version, idcode, soc, fraction, timeQuality } = header
  target[0] = SYNC
  target[1] = (checkInteger(type, 'frame type', 0, 5) << 4) | checkInteger(version, 'version', 0, 2)
  target[2] = size >> 8
  target[3] = size
  writeIdcode(target, idcode)
  writeSoc(target, soc)
  target[10] = checkInteger(timeQuality, 'time quality', 0, 0xff)
  writeFraction(target, fraction)
}

/** Writes CHK over all bytes before the last two. */
export function writeChecksum(frame: Uint8Array): void {
  const end = frame.length - CHECKSUM_SIZE
  const crc = checksum(frame, 0, end)
  frame[end] = crc >> 8
  frame[end + 1] = crc
}

/**
 * Gives a frame another time, and if wished another time quality or IDCODE, in
 * place, and recomputes its CHK. The frame must be whole and checked.
 */
export function stampFrame(
  frame: Uint8Array,
  stamp: FrameTime & { readonly timeQuality?: number; readonly idcode?: number },
): void {
  writeSoc(frame, stamp.soc)
  writeFraction(frame, stamp.fraction)
  if (stamp.timeQuality !== undefined) frame[10] = checkInteger(stamp.timeQuality, 'time quality', 0, 0xff)
  if (stamp.idcode !== undefined) writeIdcode(frame, stamp.idcode)
  writeChecksum(frame)
}

function writeIdcode(target: Uint8Array, idcode: number): void {
  checkInteger(idcode, 'IDCODE', 0, 0xffff)
  target[4] = idcode >> 8
  target[5] = idcode
}

function writeSoc(target: Uint8Array, soc: number): void {
  checkInteger(soc, 'SOC', 0, 0xffffffff)
  target[6] = soc >>> 24
  target[7] = soc >>> 16
  target[8] = soc >>> 8
  target[9] = soc
}

function writeFraction(target: Uint8Array, fraction: number): void {
  checkInteger(fraction, 'FRACSEC', 0, 0xffffff)
  target[11] = fraction >> 16
  target[12] = fraction >> 8
  target[13] = fraction
}
