import { CHECKSUM_SEED, continueChecksum } from './checksum.ts'

/**
 * The CRC of any range of a stream, for the price of one pass over its bytes.
 *
 * It keeps the CRC state at every offset of a window. The CRC is linear over
 * GF(2), so that of [a, b) is state(b) + shift(state(a) + seed, b - a), where
 * shift(s, n) is s after n zero bytes: a product with x^8n. So a stream made of
 * plausible headers cannot make anyone checksum its bytes again and again.
 *
 * Offsets are counted from the start of the stream, not of a buffer.
 */
export class PrefixChecksums {
  #states = new Uint16Array(0)
  /** Offset of the first state kept. */
  #base = 0
  /** Offset of the last state kept; below `#base` when there is none. */
  #end = -1
  /** Nothing before it is asked for any more. */
  #floor = 0

  /** Whether a range that begins at `offset` can be asked for. */
  covers(offset: number): boolean {
    return offset >= this.#base && offset < this.#end
  }

  /** Begins anew at `offset`. */
  restart(offset: number): void {
    this.#base = offset
    this.#end = offset
    this.#floor = offset
    if (this.#states.length === 0) this.#states = new Uint16Array(1024)
    this.#states[0] = CHECKSUM_SEED
  }

  /** Says that no range before `offset` will be asked for. */
  release(offset: number): void {
    this.#floor = offset
  }

  /** Lets go of everything, memory too. */
  clear(): void {
    if (this.#states.length > 0) this.#states = new Uint16Array(0)
    this.#base = 0
    this.#end = -1
  }

  /** The CRC of stream bytes [from, to); `bytes[0]` is the stream's byte `origin`, and `from` is covered. */
  range(from: number, to: number, bytes: Uint8Array, origin: number): number {
    if (to > this.#end) this.#extend(to, bytes, origin)
    const states = this.#states
    const before = states[from - this.#base]! ^ CHECKSUM_SEED
    return states[to - this.#base]! ^ multiply(before, zeroBytes(to - from))
  }

  #extend(to: number, bytes: Uint8Array, origin: number): void {
    if (to - this.#base >= this.#states.length) this.#makeRoom(to)
    const states = this.#states
    const base = this.#base
    let crc = states[this.#end - base]!
    for (let offset = this.#end; offset < to; offset++) {
      crc = continueChecksum(crc, bytes, offset - origin, offset - origin + 1)
      states[offset + 1 - base] = crc
    }
    this.#end = to
  }

  /** Moves what is still asked for, or grows: amortised constant time per byte. */
  #makeRoom(to: number): void {
    const forgotten = this.#floor - this.#base
    const kept = this.#states.subarray(forgotten, this.#end - this.#base + 1)
    const needed = to - this.#floor + 1
    if (forgotten >= kept.length && needed <= this.#states.length) {
      this.#states.set(kept)
    } else {
      const grown = new Uint16Array(2 * needed)
      grown.set(kept)
      this.#states = grown
    }
    this.#base = this.#floor
  }
}

const POLYNOMIAL = 0x1021

/** x^8n modulo the CRC's polynomial, per n: grown as it is asked for. */
let powers = Uint16Array.of(1)

function zeroBytes(count: number): number {
  if (count >= powers.length) {
    const known = powers.length
    const grown = new Uint16Array(Math.max(count + 1, 2 * known))
    grown.set(powers)
    for (let n = known; n < grown.length; n++) grown[n] = multiply(grown[n - 1]!, 0x100)
    powers = grown
  }
  return powers[count]!
}

/** Product of two polynomials over GF(2), modulo the CRC's. */
function multiply(a: number, b: number): number {
  let product = 0
  for (let bit = 0x8000; bit > 0; bit >>= 1) {
    product = product & 0x8000 ? ((product << 1) & 0xffff) ^ POLYNOMIAL : product << 1
    if (b & bit) product ^= a
  }
  return product
}
