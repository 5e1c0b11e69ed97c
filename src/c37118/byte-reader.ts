import { copyBytes } from './copy-bytes.ts'
import { FrameError } from './frame-error.ts'

/**
 * Reads big-endian fields one after another. Every read is bounds-checked: a
 * short buffer is a {@link FrameError}, never `undefined` and never a clamp.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.#view.byteLength - this.#offset
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1))
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2))
  }

  int16(): number {
    return this.#view.getInt16(this.#advance(2))
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4))
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4))
  }

  /** A copy, so that what is decoded does not hold on to the frame. */
  bytes(count: number): Uint8Array {
    const start = this.#advance(count)
    return copyBytes(this.#bytes, start, start + count)
  }

  /** Refuses bytes that no field accounts for. */
  end(): void {
    if (this.remaining > 0) {
      throw new FrameError(
        { code: 'FRAME_TRAILING_BYTES', count: this.remaining },
        `${this.remaining} byte(s) after the last field`,
      )
    }
  }

  #advance(size: number): number {
    const start = this.#offset
    if (size > this.remaining) {
      throw new FrameError(
        { code: 'FRAME_TRUNCATED', at: start, need: size, have: this.remaining },
        `field at byte ${start} needs ${size} byte(s), ${this.remaining} left`,
      )
    }
    this.#offset = start + size
    return start
  }
}
