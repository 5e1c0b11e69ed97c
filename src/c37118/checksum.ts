/*
  Slicing by eight: table k gives what a byte does to the CRC when k more bytes
  follow it, so eight bytes cost eight look-ups that do not wait for each other.
*/
const SLICES = 8
const tables = buildTables()

function buildTables(): Uint16Array {
  const all = new Uint16Array(SLICES * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
    all[byte] = crc
  }
  for (let at = 256; at < all.length; at++) {
    const shorter = all[at - 256]!
    all[at] = (shorter << 8) ^ all[shorter >> 8]!
  }
  return all
}

/** The state before the first byte. */
export const CHECKSUM_SEED = 0xffff

/** CRC-CCITT as C37.118.2 has it: poly 0x1021, seed 0xFFFF, no reflection, no final mask. */
export function checksum(bytes: Uint8Array, start = 0, end = bytes.length): number {
  return continueChecksum(CHECKSUM_SEED, bytes, start, end)
}

/** The CRC of what `crc` stood for, followed by `bytes[start, end)`. A message followed by its own CRC gives 0. */
export function continueChecksum(crc: number, bytes: Uint8Array, start: number, end: number): number {
  const t = tables
  const whole = end - SLICES
  let at = start
  for (; at <= whole; at += SLICES) {
    crc =
      t[1792 + ((crc >> 8) ^ bytes[at]!)]! ^
      t[1536 + ((crc & 0xff) ^ bytes[at + 1]!)]! ^
      t[1280 + bytes[at + 2]!]! ^
      t[1024 + bytes[at + 3]!]! ^
      t[768 + bytes[at + 4]!]! ^
      t[512 + bytes[at + 5]!]! ^
      t[256 + bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!
  }
  for (; at < end; at++) crc = ((crc << 8) & 0xffff) ^ t[(crc >> 8) ^ bytes[at]!]!
  return crc
}
