/** CFG-3 frames cut in the ways they are met, independently of how `src` cuts them. */
import { type Configuration, checksum, encodeConfiguration } from '../../../src/c37118/index.ts'
import { concat, sealed } from './frames.ts'

/** Cuts one image as openPDC does: header and CONT_IDX in front of every further piece, one CHK at the end of all. */
export function cutWhole(configuration: Configuration, pieceSize: number): Uint8Array[] {
  const body = bodyOf(configuration)
  const header = encodeConfiguration(configuration)[0]!.slice(0, 14)
  const pieces = piecesOf(concat(body, Uint8Array.of(0, 0)), pieceSize)
  const frames = pieces.map((piece, at) => fragment(header, indexAt(at, pieces.length), piece))
  const image = concat(frames[0]!, ...frames.slice(1).map((frame) => frame.subarray(16)))
  const crc = checksum(image, 0, image.length - 2)
  const put = (fromEnd: number, value: number): void => {
    const last = frames.at(-1)!
    const inLast = last.length - fromEnd
    if (inLast >= 16) last[inLast] = value
    else frames.at(-2)![frames.at(-2)!.length - 1] = value
  }
  put(1, crc & 0xff)
  put(2, crc >> 8)
  return frames
}

/** Cuts a body into frames with a CHK each. */
export function cutSealed(configuration: Configuration, pieceSize: number): Uint8Array[] {
  const header = encodeConfiguration(configuration)[0]!.slice(0, 14)
  const pieces = piecesOf(bodyOf(configuration), pieceSize)
  return pieces.map((piece, at) =>
    sealed(fragment(header, indexAt(at, pieces.length), concat(piece, Uint8Array.of(0, 0)))),
  )
}

const indexAt = (at: number, count: number): number => (at === count - 1 ? 0xffff : at + 1)

export function bodyOf(configuration: Configuration): Uint8Array {
  const [frame] = encodeConfiguration(configuration)
  return frame!.slice(16, -2)
}

function piecesOf(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.slice(at * size, (at + 1) * size))
}

function fragment(header: Uint8Array, index: number, piece: Uint8Array): Uint8Array {
  const frame = concat(header, Uint8Array.of(index >> 8, index), piece)
  new DataView(frame.buffer).setUint16(2, frame.length)
  return frame
}
