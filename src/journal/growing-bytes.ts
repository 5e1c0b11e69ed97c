const FIRST_BYTES = 1024

/** Bytes that are appended to. */
export class GrowingBytes {
  #bytes = new Uint8Array(0)
  length = 0

  append(more: Uint8Array): void {
    const need = this.length + more.length
    if (need > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(need, 2 * this.#bytes.length, FIRST_BYTES))
      grown.set(this.#bytes.subarray(0, this.length))
      this.#bytes = grown
    }
    this.#bytes.set(more, this.length)
    this.length = need
  }

  /** A view, as long as nothing more is appended. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }
}
