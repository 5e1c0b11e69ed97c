/**
 * CFG-3 in fragments. The standard leaves open where CHK stands; two forms are
 * read, and the one of openPDC is written:
 *
 *   whole: the image of one endless frame is cut; each later piece gets header
 *          and CONT_IDX in front, and one CHK, over the image, ends the last
 *   each:  every fragment is a frame with a CHK of its own
 */

import { checksum, continueChecksum } from './checksum.ts'
import type { Fragmentation } from './configuration.ts'
import { copyBytes } from './copy-bytes.ts'
import { continuationIndexOf, FIRST_FRAGMENT, FRAGMENT_HEADER_SIZE, LAST_FRAGMENT } from './fragment-chain.ts'
import {
  CHECKSUM_SIZE,
  type FrameHeader,
  FrameType,
  HEADER_SIZE,
  MAX_FRAME_SIZE,
  readFrameHeader,
  verifyChecksum,
  wrongType,
} from './frame.ts'
import { FrameError } from './frame-error.ts'
import { idcodeOf } from './frame-fields.ts'
import { type HeaderFields, sealFrame, writeHeader } from './frame-writer.ts'
import { sameBytes } from './names.ts'

export interface JoinedBody {
  readonly header: FrameHeader
  /** Everything from TIME_BASE to DATA_RATE. */
  readonly body: Uint8Array
  readonly fragmentation?: Fragmentation
}

/** Puts the fragments of a CFG-3 together. Checks their order and CHK. */
export function joinFragments(frames: readonly Uint8Array[]): JoinedBody {
  const headers = frames.map(readConfig3Header)
  const header = headers[0]!
  if (frames.length === 1 && continuationIndexOf(frames[0]!) === 0) {
    verifyChecksum(frames[0]!)
    return { header, body: frames[0]!.subarray(FRAGMENT_HEADER_SIZE, frames[0]!.length - CHECKSUM_SIZE) }
  }
  frames.forEach((frame, at) => {
    checkOrder(frame, at, frames.length)
    checkIdcode(headers[at]!.idcode, header.idcode)
  })
  const checksums = whereChecksumIs(frames)
  return {
    header,
    body: joinBodies(frames, checksums),
    fragmentation: { checksums, headers: frames.map((frame) => copyBytes(frame, 0, FRAGMENT_HEADER_SIZE)) },
  }
}

function readConfig3Header(frame: Uint8Array): FrameHeader {
  const header = readFrameHeader(frame)
  if (header.type !== FrameType.config3) throw wrongType(header.type, [FrameType.config3])
  const need = FRAGMENT_HEADER_SIZE + 1
  if (frame.length < need) {
    throw new FrameError({ code: 'FRAME_TRUNCATED', at: HEADER_SIZE, need, have: frame.length }, 'a CFG-3 without body')
  }
  return header
}

function checkOrder(frame: Uint8Array, at: number, count: number): void {
  const index = continuationIndexOf(frame)
  const expected = at === count - 1 && at > 0 ? LAST_FRAGMENT : at + FIRST_FRAGMENT
  if (index === expected && count > 1) return
  if (index === expected) {
    throw new FrameError({ code: 'CONFIG_FRAGMENTS_INCOMPLETE', fragments: count }, 'more fragments have to follow')
  }
  throw new FrameError(
    { code: 'CONFIG_FRAGMENT_OUT_OF_ORDER', index, expected },
    `CONT_IDX ${index} where ${expected} was expected`,
  )
}

export function checkIdcode(idcode: number, expected: number): void {
  if (idcode === expected) return
  throw new FrameError(
    { code: 'CONFIG_FRAGMENT_FOREIGN', idcode, expected },
    `a fragment of IDCODE ${idcode} among those of ${expected}`,
  )
}

function whereChecksumIs(frames: readonly Uint8Array[]): Fragmentation['checksums'] {
  if (frames.every(hasOwnChecksum)) return 'each'
  const parts = frames.map((frame, at) => (at === 0 ? frame : frame.subarray(FRAGMENT_HEADER_SIZE)))
  verifyChecksum(concat(parts))
  return 'whole'
}

/** A message followed by its CRC has the CRC 0. */
const hasOwnChecksum = (frame: Uint8Array): boolean =>
  frame.length >= FRAGMENT_HEADER_SIZE + CHECKSUM_SIZE && checksum(frame) === 0

/** Everything between CONT_IDX and CHK. In the `whole` form CHK may itself be cut in two, so it goes after joining. */
function joinBodies(frames: readonly Uint8Array[], checksums: Fragmentation['checksums']): Uint8Array {
  const sealed = checksums === 'each' ? CHECKSUM_SIZE : 0
  const bodies = concat(frames.map((frame) => frame.subarray(FRAGMENT_HEADER_SIZE, frame.length - sealed)))
  return checksums === 'each' ? bodies : bodies.subarray(0, Math.max(0, bodies.length - CHECKSUM_SIZE))
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** Writes a CFG-3 around its body: as it was cut before if that still fits, otherwise in as few frames as it takes. */
export function splitBody(fields: HeaderFields, body: Uint8Array, earlier: Fragmentation | undefined): Uint8Array[] {
  const asBefore = earlier && splitAsBefore(fields, body, earlier)
  if (asBefore) return asBefore
  const size = FRAGMENT_HEADER_SIZE + body.length + CHECKSUM_SIZE
  return size <= MAX_FRAME_SIZE ? [wholeFrame(fields, body, size)] : cut(fields, body, size)
}

function wholeFrame(fields: HeaderFields, body: Uint8Array, size: number): Uint8Array {
  const frame = new Uint8Array(size)
  frame.set(body, FRAGMENT_HEADER_SIZE)
  return sealFrame(frame, FrameType.config3, fields)
}

/** The first fragment is as long as a frame can be, and so are the others but the last. */
function cut(fields: HeaderFields, body: Uint8Array, size: number): Uint8Array[] {
  const room = MAX_FRAME_SIZE - FRAGMENT_HEADER_SIZE
  const count = Math.ceil((size - FRAGMENT_HEADER_SIZE) / room)
  if (count >= LAST_FRAGMENT) {
    const limit = (LAST_FRAGMENT - 1) * room
    throw new FrameError({ code: 'FRAME_TOO_LARGE', size, limit }, `${size} bytes are too many for CONT_IDX`)
  }
  const lengths = Array.from({ length: count }, (_, at) => Math.min(room, size - FRAGMENT_HEADER_SIZE - at * room))
  const headers = lengths.map((length, at) => {
    const header = new Uint8Array(FRAGMENT_HEADER_SIZE)
    writeHeader(header, FrameType.config3, fields, FRAGMENT_HEADER_SIZE + length)
    const index = at === count - 1 ? LAST_FRAGMENT : at + FIRST_FRAGMENT
    header[HEADER_SIZE] = index >> 8
    header[HEADER_SIZE + 1] = index
    return header
  })
  return assemble(headers, body, 'whole')
}

/** The same cuts and headers, if the body has the same length and the first header says what `fields` say. */
function splitAsBefore(fields: HeaderFields, body: Uint8Array, earlier: Fragmentation): Uint8Array[] | undefined {
  const { headers, checksums } = earlier
  const sizes = headers.map((header) => (header[2]! << 8) | header[3]!)
  const first = headers[0]
  if (first === undefined) return undefined
  const checksumCount = checksums === 'each' ? headers.length : 1
  const room = sizes.reduce((sum, size) => sum + size - FRAGMENT_HEADER_SIZE, 0) - checksumCount * CHECKSUM_SIZE
  const expected = copyBytes(first)
  writeHeader(expected, FrameType.config3, fields, sizes[0]!)
  if (room !== body.length || !sameBytes(expected, first)) return undefined
  if (headers.some((header) => idcodeOf(header) !== fields.idcode)) return undefined
  return assemble(headers, body, checksums)
}

function assemble(
  headers: readonly Uint8Array[],
  body: Uint8Array,
  checksums: Fragmentation['checksums'],
): Uint8Array[] {
  const image = checksums === 'whole' ? withChecksumOfWhole(headers[0]!, body) : body
  let at = 0
  return headers.map((header) => {
    const frame = new Uint8Array((header[2]! << 8) | header[3]!)
    frame.set(header)
    const sealed = checksums === 'each'
    const length = frame.length - FRAGMENT_HEADER_SIZE - (sealed ? CHECKSUM_SIZE : 0)
    frame.set(image.subarray(at, at + length), FRAGMENT_HEADER_SIZE)
    at += length
    if (sealed) putChecksum(frame, checksum(frame, 0, frame.length - CHECKSUM_SIZE))
    return frame
  })
}

function withChecksumOfWhole(header: Uint8Array, body: Uint8Array): Uint8Array {
  const image = new Uint8Array(body.length + CHECKSUM_SIZE)
  image.set(body)
  putChecksum(image, continueChecksum(checksum(header), body, 0, body.length))
  return image
}

function putChecksum(target: Uint8Array, crc: number): void {
  target[target.length - 2] = crc >> 8
  target[target.length - 1] = crc
}
