import { FrameError } from './frame-error.ts'

const NIL = '00000000-0000-0000-0000-000000000000'
const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Sixteen bytes in RFC 4122 order as text, in lower case. */
export function decodeUuid(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

export function encodeUuid(text: string = NIL): Uint8Array {
  if (!pattern.test(text)) {
    throw new FrameError({ code: 'FIELD_BAD_TEXT', field: 'G_PMU_ID', value: text }, `"${text}" is no UUID`)
  }
  const digits = text.replaceAll('-', '')
  return Uint8Array.from({ length: 16 }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16))
}
