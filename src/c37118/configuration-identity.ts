import { checksum } from './checksum.ts'
import { FRAGMENT_HEADER_SIZE } from './fragment-chain.ts'
import { CHECKSUM_SIZE, HEADER_SIZE } from './frame.ts'

/** SOC and FRACSEC: from here to the end of the header. */
const TIME_OFFSET = 6

/**
 * Whether two configurations, each one frame or all fragments of a CFG-3, are
 * the same but for SOC, FRACSEC and CHK: then data frames of one can be read
 * with the other. Frames must be whole.
 */
export function sameConfiguration(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  if (one.length !== other.length) return false
  const sealed = [...one, ...other].every(hasOwnChecksum)
  // One CHK may end the whole: the last two bytes of all, that is, and a cut may go between them.
  let left = CHECKSUM_SIZE
  for (let index = one.length - 1; index >= 0; index--) {
    const length = one[index]!.length
    const skipped = sealed ? CHECKSUM_SIZE : Math.min(left, length - FRAGMENT_HEADER_SIZE)
    left -= skipped
    if (!sameUpTo(length - skipped, one[index]!, other[index]!)) return false
  }
  return true
}

function sameUpTo(end: number, one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < end; at++) {
    if (one[at] !== other[at] && (at < TIME_OFFSET || at >= HEADER_SIZE)) return false
  }
  return true
}

const hasOwnChecksum = (frame: Uint8Array): boolean => checksum(frame) === 0
