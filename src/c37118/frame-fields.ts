/**
 * Peeks: allocation-free, for frames that were checked before (those of a
 * FrameSplitter). On other bytes they give nonsense.
 */
import type { FrameType, FrameVersion } from './frame.ts'

export const frameTypeOf = (frame: Uint8Array): FrameType => ((frame[1]! >> 4) & 0b111) as FrameType
export const versionOf = (frame: Uint8Array): FrameVersion => (frame[1]! & 0x0f) as FrameVersion
export const sizeOf = (frame: Uint8Array): number => (frame[2]! << 8) | frame[3]!
export const idcodeOf = (frame: Uint8Array): number => (frame[4]! << 8) | frame[5]!
export const socOf = (frame: Uint8Array): number =>
  ((frame[6]! << 24) | (frame[7]! << 16) | (frame[8]! << 8) | frame[9]!) >>> 0
export const timeQualityOf = (frame: Uint8Array): number => frame[10]!
export const fractionOf = (frame: Uint8Array): number => (frame[11]! << 16) | (frame[12]! << 8) | frame[13]!
