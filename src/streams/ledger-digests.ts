/** What was taken last, as 32 bits a frame: enough to tell the same bytes from others. */

/** Recent slots of which a second frame can be compared: 8 s at 120 frames/s. */
export const DIGESTS_KEPT = 1024

const PRIME = 0x9e3779b1

/**
 * Never 0. Four words at a time, in four states that do not wait for each
 * other; every step is a bijection of a state, so frames that differ in one
 * word only never meet.
 */
export function digestOf(f: Uint8Array): number {
  const size = f.length
  let [a, b, c, d] = [size, PRIME, ~size, 0x85ebca6b]
  let at = 0
  for (; at + 16 <= size; at += 16) {
    a = Math.imul(a ^ (f[at]! | (f[at + 1]! << 8) | (f[at + 2]! << 16) | (f[at + 3]! << 24)), PRIME)
    b = Math.imul(b ^ (f[at + 4]! | (f[at + 5]! << 8) | (f[at + 6]! << 16) | (f[at + 7]! << 24)), PRIME)
    c = Math.imul(c ^ (f[at + 8]! | (f[at + 9]! << 8) | (f[at + 10]! << 16) | (f[at + 11]! << 24)), PRIME)
    d = Math.imul(d ^ (f[at + 12]! | (f[at + 13]! << 8) | (f[at + 14]! << 16) | (f[at + 15]! << 24)), PRIME)
    a ^= a >>> 15
    b ^= b >>> 15
    c ^= c >>> 15
    d ^= d >>> 15
  }
  let hash = mixed(mixed(mixed(a) ^ b) ^ c) ^ d
  for (; at < size; at++) hash = mixed(hash ^ f[at]!)
  return hash >>> 0 || 1
}

function mixed(state: number): number {
  const hash = Math.imul(state, PRIME)
  return hash ^ (hash >>> 15)
}

/** The digests of one era's newest slots; 0 stands for none. */
export class DigestRing {
  readonly #ring = new Uint32Array(DIGESTS_KEPT)
  #end = 0

  clear(): void {
    this.#ring.fill(0)
    this.#end = 0
  }

  put(slot: number, digest: number): void {
    if (slot < this.#end - DIGESTS_KEPT) return
    if (slot >= this.#end) {
      // What was skipped over has no digest, and those of a round ago are not its own.
      if (slot > this.#end) this.#skip(slot)
      this.#end = slot + 1
    }
    this.#ring[slot % DIGESTS_KEPT] = digest
  }

  /** `undefined` where none was put, or too long ago. */
  get(slot: number): number | undefined {
    if (slot >= this.#end || slot < this.#end - DIGESTS_KEPT) return undefined
    return this.#ring[slot % DIGESTS_KEPT] || undefined
  }

  #skip(to: number): void {
    for (let slot = Math.max(this.#end, to - DIGESTS_KEPT); slot < to; slot++) this.#ring[slot % DIGESTS_KEPT] = 0
  }
}
