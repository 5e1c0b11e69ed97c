/** What was taken last, as 32 bits a frame: enough to tell the same bytes from others. */

/** Recent slots of which a second frame can be compared: 8 s at 120 frames/s. */
export const DIGESTS_KEPT = 1024

const PRIME = 0x9e3779b1

/** Never 0. Every step is a bijection of the state: frames that differ in one word only never meet. */
export function digestOf(frame: Uint8Array): number {
  const whole = frame.length & ~3
  let hash = frame.length
  let at = 0
  for (; at < whole; at += 4) {
    const word = frame[at]! | (frame[at + 1]! << 8) | (frame[at + 2]! << 16) | (frame[at + 3]! << 24)
    hash = Math.imul(hash ^ word, PRIME)
    hash ^= hash >>> 15
  }
  for (; at < frame.length; at++) {
    hash = Math.imul(hash ^ frame[at]!, PRIME)
    hash ^= hash >>> 15
  }
  return hash >>> 0 || 1
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
