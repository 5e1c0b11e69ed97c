/** Messages that one lane had and the other has yet to bring, by digest, oldest first. Bounded. */
export class OpenDigests {
  readonly #capacity: number
  readonly #since = new Map<number, number>()
  #evicted = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#since.size
  }

  /** Forgotten for want of room: they will not be known again. */
  get evicted(): number {
    return this.#evicted
  }

  add(digest: number, now: number): void {
    if (this.#since.size >= this.#capacity) {
      for (const oldest of this.#since.keys()) {
        this.#since.delete(oldest)
        this.#evicted++
        break
      }
    }
    this.#since.set(digest, now)
  }

  /** When it was added; it is no longer open then. `undefined`: it is not here. */
  take(digest: number): number | undefined {
    const since = this.#since.get(digest)
    if (since !== undefined) this.#since.delete(digest)
    return since
  }

  /** The other lane has passed these without bringing them. */
  forgetBefore(time: number): void {
    for (const [digest, since] of this.#since) {
      if (since >= time) return
      this.#since.delete(digest)
    }
  }

  clear(): void {
    this.#since.clear()
  }
}

const RECENT = 32_768

/**
 * The last messages that were given on: a broker that missed our acknowledgement
 * sends them again. An array on the live path; a set only while somebody asks.
 */
export class RecentDigests {
  readonly #ring = new Float64Array(RECENT)
  #at = 0
  #set: Set<number> | undefined
  /** Additions since somebody asked. */
  #unasked = 0

  add(digest: number): void {
    if (this.#set) this.#move(this.#set, digest)
    this.#ring[this.#at] = digest
    this.#at = (this.#at + 1) % RECENT
  }

  has(digest: number): boolean {
    this.#unasked = 0
    this.#set ??= new Set(this.#ring)
    return this.#set.has(digest)
  }

  clear(): void {
    this.#ring.fill(0)
    this.#set = undefined
  }

  #move(set: Set<number>, digest: number): void {
    set.delete(this.#ring[this.#at]!)
    set.add(digest)
    if (++this.#unasked > RECENT) this.#set = undefined
  }
}
