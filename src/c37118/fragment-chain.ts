import { CHECKSUM_SEED, continueChecksum } from './checksum.ts'
import { copyBytes } from './copy-bytes.ts'
import { FrameType, MIN_FRAME_SIZE } from './frame.ts'
import { frameTypeOf, sizeOf } from './frame-fields.ts'

/** Header and CONT_IDX: what each fragment of a CFG-3 begins with. */
export const FRAGMENT_HEADER_SIZE = 16
export const FIRST_FRAGMENT = 1
export const LAST_FRAGMENT = 0xffff

/*
  CONT_IDX => UINT16, right after FRACSEC
    0 the only fragment, 1 the first, 2, 3, ... the next, 0xFFFF the last
*/
export const continuationIndexOf = (frame: Uint8Array): number => (frame[14]! << 8) | frame[15]!

/** Whether a frame is long enough to be a fragment with something in it. */
export function isConfig3(frame: Uint8Array): boolean {
  return frameTypeOf(frame) === FrameType.config3 && sizeOf(frame) > MIN_FRAME_SIZE
}

/**
 * Follows the fragments of one CFG-3 through a stream.
 *
 * In the form that openPDC writes, one CHK ends the whole and the fragments
 * before the last have none. Such a fragment is told from noise by what must
 * come next: the same header (SYNC, IDCODE, SOC, FRACSEC: 96 bits) with the
 * next CONT_IDX. The last one is judged by the CHK of the whole.
 */
export class FragmentChain {
  #header: Uint8Array | undefined
  /** CRC over the first fragment and the bodies of those after it. */
  #crc = CHECKSUM_SEED
  #next = 0

  /** Whether `fragment` is the one to come: the next, or the last. */
  expects(fragment: Uint8Array): boolean {
    return this.#header !== undefined && continues(this.#header, fragment, this.#next)
  }

  /** Whether `bytes`, found behind `fragment`, go on where it ends. */
  static follows(fragment: Uint8Array, bytes: Uint8Array): boolean {
    return continues(fragment, bytes, continuationIndexOf(fragment) + 1)
  }

  /** Whether the CHK of the whole is right when `last` ends it. */
  completes(last: Uint8Array): boolean {
    return continueChecksum(this.#crc, last, FRAGMENT_HEADER_SIZE, last.length) === 0
  }

  /** Takes a fragment that was let through. */
  take(fragment: Uint8Array): void {
    const index = continuationIndexOf(fragment)
    if (index === FIRST_FRAGMENT) {
      this.#header = copyBytes(fragment, 0, FRAGMENT_HEADER_SIZE)
      this.#crc = continueChecksum(CHECKSUM_SEED, fragment, 0, fragment.length)
      this.#next = 2
    } else if (this.expects(fragment) && index !== LAST_FRAGMENT) {
      this.#crc = continueChecksum(this.#crc, fragment, FRAGMENT_HEADER_SIZE, fragment.length)
      this.#next = index + 1
    } else {
      this.reset()
    }
  }

  reset(): void {
    this.#header = undefined
  }
}

function continues(header: Uint8Array, bytes: Uint8Array, next: number): boolean {
  for (let at = 0; at < 14; at++) {
    if (at !== 2 && at !== 3 && header[at] !== bytes[at]) return false
  }
  const index = continuationIndexOf(bytes)
  return (index === next || index === LAST_FRAGMENT) && sizeOf(bytes) > MIN_FRAME_SIZE
}
