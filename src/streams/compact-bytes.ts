/**
 * Numbers as varints, for state that is stored often: seven bits a byte, the
 * lowest first. Whole numbers from 0 to 2^53 - 1, eight bytes at most.
 */
import { damaged } from './ledger-error.ts'

export class CompactWriter {
  #bytes = new Uint8Array(256)
  #length = 0

  get length(): number {
    return this.#length
  }

  number(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
  }

  /** Either sign, magnitude below 2^52: its sign is the lowest bit. */
  signed(value: number): void {
    this.number(value < 0 ? -2 * value - 1 : 2 * value)
  }

  /** Its length, then its UTF-8. */
  text(value: string): void {
    const bytes = new TextEncoder().encode(value)
    this.number(bytes.length)
    this.bytes(bytes)
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Forgets what was written; the buffer stays. */
  clear(): void {
    this.#length = 0
  }

  /** What was written: a view that the next write may change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** A copy of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #reserve(size: number): void {
    const end = this.#length + size
    if (end <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

/** Reads what a {@link CompactWriter} wrote. Whatever else comes is refused as damage, never read beyond. */
export class CompactReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get at(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  number(maximum = Number.MAX_SAFE_INTEGER): number {
    const start = this.#at
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      if (this.#at >= this.#bytes.length) throw damaged(start, 'a number has no end')
      const byte = this.#bytes[this.#at++]!
      value += (byte & 0x7f) * scale
      if (value > maximum) throw damaged(start, `a number is over ${maximum}`)
      if (byte < 0x80) return value
      if (this.#at - start === 8) throw damaged(start, 'a number has more than eight bytes')
    }
  }

  signed(): number {
    const value = this.number()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  text(maxBytes: number): string {
    const size = this.number(maxBytes)
    const start = this.#at
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.bytes(size))
    } catch (error) {
      if (error instanceof TypeError) throw damaged(start, 'a text is no UTF-8')
      throw error
    }
  }

  /** A view. */
  bytes(size: number): Uint8Array {
    if (size > this.remaining) throw damaged(this.#at, `${size} byte(s) wanted, ${this.remaining} left`)
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }

  end(): void {
    if (this.remaining > 0) throw damaged(this.#at, `${this.remaining} byte(s) too many`)
  }
}
