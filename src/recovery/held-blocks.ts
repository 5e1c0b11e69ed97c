/** The bytes of a held file: its header, and blocks with their CRC-32. */
import { crc32 } from 'node:zlib'
import { HeldError } from './held-error.ts'

const MAGIC = new TextEncoder().encode('PHASHELD')
const VERSION = 1
const HEADER_SIZE = MAGIC.length + 4
/** So many bytes stand before the records of a block. */
export const BLOCK_HEADER_SIZE = 8

export function headerBytes(): Uint8Array {
  const header = new Uint8Array(HEADER_SIZE)
  header.set(MAGIC)
  new DataView(header.buffer).setUint32(MAGIC.length, VERSION)
  return header
}

/** Completes a block in place: its records, with room for the header before them. */
export function seal(block: Uint8Array): void {
  const records = block.subarray(BLOCK_HEADER_SIZE)
  const view = new DataView(block.buffer, block.byteOffset)
  view.setUint32(0, records.length)
  view.setUint32(4, crc32(records))
}

/**
 * Calls `onBlock` for each whole block, and says how many bytes of the file were
 * good: what a killed process wrote last may be torn. An empty file, or one whose
 * header is torn, has nothing; any other start is refused.
 */
export function readBlocks(path: string, bytes: Uint8Array, onBlock: (records: Uint8Array) => void): number {
  const known = Math.min(bytes.length, MAGIC.length)
  if (!MAGIC.subarray(0, known).every((byte, index) => byte === bytes[index])) {
    throw new HeldError({ code: 'HELD_NO_HELD_FILE', path }, `${path} is not the accounts of a PDC-adapter`)
  }
  if (bytes.length < HEADER_SIZE) return 0
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = view.getUint32(MAGIC.length)
  if (version !== VERSION) {
    const message = `${path} is of version ${version}, this program knows ${VERSION}`
    throw new HeldError({ code: 'HELD_VERSION', path, version, known: VERSION }, message)
  }
  let at = HEADER_SIZE
  while (bytes.length - at >= BLOCK_HEADER_SIZE) {
    const start = at + BLOCK_HEADER_SIZE
    const size = view.getUint32(at)
    if (size === 0 || size > bytes.length - start) break
    const records = bytes.subarray(start, start + size)
    if (crc32(records) !== view.getUint32(at + 4)) break
    onBlock(records)
    at = start + size
  }
  return at
}
