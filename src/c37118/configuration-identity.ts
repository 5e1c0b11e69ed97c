import { checksum } from './checksum.ts'
import { CHECKSUM_SIZE, HEADER_SIZE } from './frame.ts'

/** SOC and FRACSEC: from here to the end of the header. */
const TIME_OFFSET = 6

/**
 * Whether two configurations, each one frame or all fragments of a CFG-3, are
 * the same but for SOC, FRACSEC and CHK: then data frames of one can be read
 * with the other. Frames must be whole.
 */
export function sameConfiguration(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return one.length === other.length && one.every((fragment, index) => sameFragment(fragment, other[index]!))
}

function sameFragment(one: Uint8Array, other: Uint8Array): boolean {
  if (one === other) return true
  if (one.length !== other.length) return false
  // One CHK may stand behind the last CFG-3 fragment only: then the end of the others is content.
  const end = hasOwnChecksum(one) && hasOwnChecksum(other) ? one.length - CHECKSUM_SIZE : one.length
  for (let at = 0; at < end; at++) {
    if (one[at] !== other[at] && (at < TIME_OFFSET || at >= HEADER_SIZE)) return false
  }
  return true
}

function hasOwnChecksum(frame: Uint8Array): boolean {
  return checksum(frame) === 0
}
