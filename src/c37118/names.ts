/**
 * Names on the wire (STN, CHNAM). For the user a name is text without the
 * blanks and NULs around it. Where that text would not give the same bytes
 * again, the bytes are kept beside it.
 */
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { FrameError } from './frame-error.ts'

/** Width of a name in CFG-1 and CFG-2. */
const NAME_WIDTH = 16
/** Longest name in CFG-3, in bytes. */
const MAX_NAME_SIZE = 0xff
const BLANK = 0x20

export interface WireName {
  readonly text: string
  /** Only where the text alone would be written otherwise. */
  readonly bytes?: Uint8Array
}

/*
  Fixed name    => BYTE x 16            ASCII, filled with blanks (NULs are met too)
  Prefixed name => length(1) BYTE x length   UTF-8, no filling
*/
export interface NameForm {
  read(reader: ByteReader): WireName
  write(writer: ByteWriter, field: string, text: string, kept: Uint8Array | undefined): void
}

/** Names as CFG-1 and CFG-2 have them. */
export const fixedNames: NameForm = {
  read: (reader) => nameOf(reader.bytes(NAME_WIDTH), encodeFixed),
  write(writer, field, text, kept) {
    const asKept = kept?.length === NAME_WIDTH && textOf(kept) === text
    writer.bytes(asKept ? kept : encodeFixed(text, field))
  },
}

/** Names as CFG-3 has them. */
export const prefixedNames: NameForm = {
  read: (reader) => nameOf(reader.bytes(reader.uint8()), encodePrefixed),
  write(writer, field, text, kept) {
    const asKept = kept !== undefined && kept.length <= MAX_NAME_SIZE && textOf(kept) === text
    const bytes = asKept ? kept : encodePrefixed(text, field)
    writer.uint8(bytes.length, field)
    writer.bytes(bytes)
  },
}

function nameOf(bytes: Uint8Array, encode: (text: string, field: string) => Uint8Array): WireName {
  const text = textOf(bytes)
  return fits(text, bytes.length) && sameBytes(encode(text, ''), bytes) ? { text } : { text, bytes }
}

function encodeFixed(text: string, field: string): Uint8Array {
  const bytes = new Uint8Array(NAME_WIDTH).fill(BLANK)
  bytes.set(encodeText(text, field, NAME_WIDTH))
  return bytes
}

function encodePrefixed(text: string, field: string): Uint8Array {
  return encodeText(text, field, MAX_NAME_SIZE)
}

function encodeText(text: string, field: string, limit: number): Uint8Array {
  const bytes = utf8.encode(text)
  if (bytes.length <= limit) return bytes
  throw new FrameError(
    { code: 'FIELD_TEXT_TOO_LONG', field, value: text, size: bytes.length, limit },
    `${field} "${text}" takes ${bytes.length} bytes, ${limit} is the most`,
  )
}

/** Latin-1 text may be longer as UTF-8 than the bytes it was read from. */
const fits = (text: string, size: number): boolean => utf8.encode(text).length <= size

const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text of a field: UTF-8 where it is that, otherwise Latin-1, so that any bytes have a text. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    // Not UTF-8: every byte is a character of Latin-1.
    return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  }
}

export const encodeUtf8 = (text: string): Uint8Array => utf8.encode(text)

/** The text of a name without the blanks and NULs around it. */
function textOf(bytes: Uint8Array): string {
  let start = 0
  let end = bytes.length
  while (start < end && isFilling(bytes[start]!)) start++
  while (end > start && isFilling(bytes[end - 1]!)) end--
  return decodeText(bytes.subarray(start, end))
}

const isFilling = (byte: number): boolean => byte === BLANK || byte === 0

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
