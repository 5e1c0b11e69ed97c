/**
 * Bytes that arrived and are not read yet, contiguous. A byte is written once
 * and never moved under a view, so views that were taken may be kept.
 *
 * A chunk that arrives when nothing is pending is used as it is: the caller
 * must not write to it again.
 */
export class ByteQueue {
  #bytes: Uint8Array = new Uint8Array(0)
  #start = 0
  #end = 0
  #offset = 0

  /** Pending bytes. */
  get length(): number {
    return this.#end - this.#start
  }

  /** Where the first pending byte stands in the whole input. */
  get offset(): number {
    return this.#offset
  }

  push(chunk: Uint8Array): void {
    if (this.#start === this.#end) {
      this.#bytes = chunk
      this.#start = 0
      this.#end = chunk.length
      return
    }
    if (this.#end + chunk.length > this.#bytes.length || !this.#owned) {
      // Doubling, or chunks of one byte would cost the square of a packet's length.
      const grown = new Uint8Array(Math.max(2 * this.length, this.length + chunk.length, 4096))
      grown.set(this.#bytes.subarray(this.#start, this.#end))
      this.#end -= this.#start
      this.#start = 0
      this.#bytes = grown
      this.#grown = grown
    }
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }

  uint8(at: number): number {
    return this.#bytes[this.#start + at]!
  }

  uint16(at: number, littleEndian: boolean): number {
    const low = this.uint8(littleEndian ? at : at + 1)
    return low | (this.uint8(littleEndian ? at + 1 : at) << 8)
  }

  uint32(at: number, littleEndian: boolean): number {
    const low = this.uint16(littleEndian ? at : at + 2, littleEndian)
    return low + this.uint16(littleEndian ? at + 2 : at, littleEndian) * 0x10000
  }

  /** The next `count` bytes: a view. The caller has looked at `length`. */
  take(count: number): Uint8Array {
    const view = this.#bytes.subarray(this.#start, this.#start + count)
    this.skip(count)
    return view
  }

  skip(count: number): void {
    this.#start += count
    this.#offset += count
  }

  #grown: Uint8Array | undefined

  /** Only a buffer made here may be appended to: behind a foreign chunk's end may be someone else's bytes. */
  get #owned(): boolean {
    return this.#bytes === this.#grown
  }
}
