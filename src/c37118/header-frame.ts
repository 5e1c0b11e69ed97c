import { copyBytes } from './copy-bytes.ts'
import { CHECKSUM_SIZE, checkFrameOf, FrameType, type FrameVersion, HEADER_SIZE } from './frame.ts'
import { sealFrame } from './frame-writer.ts'
import { decodeText, encodeUtf8, sameBytes } from './names.ts'

export interface HeaderFrame {
  readonly version: FrameVersion
  readonly idcode: number
  readonly soc: number
  readonly fraction: number
  readonly timeQuality: number
  /** What the source says about itself; may be empty. */
  readonly text: string
  /** As on the wire, where the text would be written otherwise; counts as long as it still says the text. */
  readonly textBytes?: Uint8Array
}

/*
  HEADER => header text CHK   text is ASCII, without length or end mark
*/
export function decodeHeader(frame: Uint8Array): HeaderFrame {
  const { version, idcode, soc, fraction, timeQuality } = checkFrameOf(frame, FrameType.header)
  const bytes = copyBytes(frame, HEADER_SIZE, frame.length - CHECKSUM_SIZE)
  const text = decodeText(bytes)
  const kept = sameBytes(encodeUtf8(text), bytes) ? {} : { textBytes: bytes }
  return { version, idcode, soc, fraction, timeQuality, text, ...kept }
}

export function encodeHeader(fields: Pick<HeaderFrame, 'idcode' | 'text'> & Partial<HeaderFrame>): Uint8Array {
  const { idcode, text, textBytes, version = 1, soc = 0, fraction = 0, timeQuality = 0 } = fields
  const bytes = textBytes && decodeText(textBytes) === text ? textBytes : encodeUtf8(text)
  const frame = new Uint8Array(HEADER_SIZE + bytes.length + CHECKSUM_SIZE)
  frame.set(bytes, HEADER_SIZE)
  return sealFrame(frame, FrameType.header, { version, idcode, soc, fraction, timeQuality })
}
