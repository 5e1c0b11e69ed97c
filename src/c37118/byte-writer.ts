import { FrameError } from './frame-error.ts'

/** Writes big-endian fields one after another into a buffer that grows. A value that does not fit its field is an error, never cut off. */
export class ByteWriter {
  #bytes: Uint8Array
  #view: DataView
  #offset = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#offset
  }

  uint8(value: number, field: string): void {
    const checked = checkInteger(value, field, 0, 0xff)
    const at = this.#advance(1)
    this.#view.setUint8(at, checked)
  }

  uint16(value: number, field: string): void {
    const checked = checkInteger(value, field, 0, 0xffff)
    const at = this.#advance(2)
    this.#view.setUint16(at, checked)
  }

  int16(value: number, field: string): void {
    const checked = checkInteger(value, field, -0x8000, 0x7fff)
    const at = this.#advance(2)
    this.#view.setInt16(at, checked)
  }

  int32(value: number, field: string): void {
    const checked = checkInteger(value, field, -0x80000000, 0x7fffffff)
    const at = this.#advance(4)
    this.#view.setInt32(at, checked)
  }

  uint32(value: number, field: string): void {
    const checked = checkInteger(value, field, 0, 0xffffffff)
    const at = this.#advance(4)
    this.#view.setUint32(at, checked)
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#advance(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** What was written: a copy of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#offset)
  }

  /** Makes room, and with it perhaps another buffer: call it before the view is looked at. */
  #advance(size: number): number {
    const start = this.#offset
    const end = start + size
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length))
      grown.set(this.#bytes)
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    this.#offset = end
    return start
  }
}

/** `value` itself, if it is an integer within the bounds. */
export function checkInteger(value: number, field: string, minimum: number, maximum: number): number {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value
  throw new FrameError(
    { code: 'FIELD_OUT_OF_RANGE', field, value, minimum, maximum },
    `${field} is ${value}, and must be an integer from ${minimum} to ${maximum}`,
  )
}
