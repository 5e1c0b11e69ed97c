import { FrameType } from './frame.ts'

/** What the second SYNC byte makes of a frame. */
export const SyncKind = {
  none: 0,
  frame: 1,
  /** C37.118.2-2024. */
  version3: 2,
  unknownType: 3,
} as const
export type SyncKind = (typeof SyncKind)[keyof typeof SyncKind]

/*
  SYNC, second byte
    2005, 2011 and the draft: reserved 0 | type(3) | version(4), 0 to 2
    2024: 1 | type(3) | version 3; all eight types exist
*/
export const syncKinds: readonly SyncKind[] = Array.from({ length: 256 }, (_, byte) => {
  const version = byte & 0x0f
  if (byte & 0x80) return version === 3 ? SyncKind.version3 : SyncKind.none
  if (version > 2) return SyncKind.none
  return byte >> 4 <= FrameType.config3 ? SyncKind.frame : SyncKind.unknownType
})
