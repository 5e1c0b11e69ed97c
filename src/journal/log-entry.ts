/**
 * One entry of the commit log. A data frame is its own record: FRAMESIZE says
 * where it ends, CHK whether it is whole. Everything else has a length and a
 * CRC-32. A tail that is torn or full of zeros has no entry.
 */
import { crc32 } from 'node:zlib'
import { checksum, sizeOf } from '../c37118/index.ts'

/*
  log   => MAGIC(8) entry…
  entry => head frame                    kind 0: a data frame of the stream
         | head LENGTH CRC body          every other kind
    head   => UINT32   kind(4) | stream number(20) | check(8)
    LENGTH => UINT32   of the body
    CRC    => UINT32   CRC-32 of head, LENGTH and body
*/
export const LOG_MAGIC = new Uint8Array([0x50, 0x42, 0x4a, 0x4c, 0x4f, 0x47, 0x00, 0x01])
export const HEAD_SIZE = 4
const RECORD_HEADER_SIZE = 12
const MAX_STREAMS = 0xfffff
const MAX_BODY = 16 * 1024 * 1024
const SYNC = 0xaa
const MIN_FRAME_SIZE = 16

export const LogKind = {
  /** A data frame: goes to the end of the open segment. */
  frame: 0,
  /** JSON: which stream a number means, and what of it is in its segments already. */
  stream: 1,
  /** JSON: from here on the stream's next segment. */
  segment: 2,
  /** Bytes of configuration frames: they go to the end of the open segment. */
  configuration: 3,
  /** A line of the event record of the open segment. */
  line: 4,
  /** JSON: what came up to a log is in the segments now, and synced. */
  filled: 5,
} as const
export type LogKind = (typeof LogKind)[keyof typeof LogKind]

/** Four bytes that no stretch of zeros, and hardly anything else, looks like. */
export function headOf(kind: LogKind, stream: number): number {
  const word = (kind << 20) | stream
  return ((word << 8) | (Math.imul(word + 1, 0x9e3779b1) >>> 24)) >>> 0
}

export const isStreamNumber = (number: number): boolean => number >= 1 && number <= MAX_STREAMS

/** All bytes of a record that is no frame. */
export function encodeRecord(kind: LogKind, stream: number, body: Uint8Array): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER_SIZE + body.length)
  const view = new DataView(record.buffer)
  view.setUint32(0, headOf(kind, stream))
  view.setUint32(4, body.length)
  record.set(body, RECORD_HEADER_SIZE)
  view.setUint32(8, crc32(body, crc32(record.subarray(0, 8))))
  return record
}

/** What of a stream is in its segments: up to here in the last of them. */
export interface Base {
  readonly number: number
  readonly bytes: number
  /** Of its event record. */
  readonly events: number
}

const encoder = new TextEncoder()

/** The body of a record that is JSON. */
export const encodeJson = (value: object): Uint8Array => encoder.encode(JSON.stringify(value))

export interface LogEntry {
  readonly kind: LogKind
  readonly stream: number
  /** The frame, or the body: a view. */
  readonly body: Uint8Array
}

/**
 * Calls `onEntry` for each whole entry, and `onDamage` where bytes between two
 * of them are none. What is behind the last entry is no damage: it was being
 * written when the process ended.
 */
export function scanLog(
  bytes: Uint8Array,
  onEntry: (entry: LogEntry) => void,
  onDamage: (offset: number, count: number) => void,
): { readonly tail: number } {
  let at = LOG_MAGIC.every((byte, i) => bytes[i] === byte) ? LOG_MAGIC.length : 0
  let good = at
  while (at + HEAD_SIZE + MIN_FRAME_SIZE <= bytes.length || at + RECORD_HEADER_SIZE <= bytes.length) {
    const size = entrySizeAt(bytes, at)
    if (size === 0) {
      at++
      continue
    }
    if (at > good) onDamage(good, at - good)
    const head = uint32(bytes, at)
    const kind = (head >>> 28) as LogKind
    onEntry({
      kind,
      stream: (head >>> 8) & MAX_STREAMS,
      body: bytes.subarray(at + (kind === LogKind.frame ? HEAD_SIZE : RECORD_HEADER_SIZE), at + size),
    })
    at += size
    good = at
  }
  return { tail: bytes.length - good }
}

/** Bytes of the entry that begins there; 0 if none does. */
function entrySizeAt(bytes: Uint8Array, at: number): number {
  const head = uint32(bytes, at)
  const kind = head >>> 28
  const stream = (head >>> 8) & MAX_STREAMS
  if (stream === 0 || kind > LogKind.filled || head !== headOf(kind as LogKind, stream)) return 0
  if (kind === LogKind.frame) {
    const frame = bytes.subarray(at + HEAD_SIZE, at + HEAD_SIZE + 4)
    if (frame.length < 4 || frame[0] !== SYNC) return 0
    const size = sizeOf(frame)
    const end = at + HEAD_SIZE + size
    return size >= MIN_FRAME_SIZE && end <= bytes.length && checksum(bytes, at + HEAD_SIZE, end) === 0
      ? HEAD_SIZE + size
      : 0
  }
  if (at + RECORD_HEADER_SIZE > bytes.length) return 0
  const length = uint32(bytes, at + 4)
  const end = at + RECORD_HEADER_SIZE + length
  if (length > MAX_BODY || end > bytes.length) return 0
  const crc = crc32(bytes.subarray(at + RECORD_HEADER_SIZE, end), crc32(bytes.subarray(at, at + 8)))
  return crc === uint32(bytes, at + 8) ? end - at : 0
}

const uint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
