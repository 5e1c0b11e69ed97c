/** What waits for its turn: every requester has one after the other, however much one of them asks. */
export class FairQueue<T> {
  /** In the order of their turns. */
  readonly #lines = new Map<string, T[]>()
  readonly #maxTotal: number
  readonly #maxEach: number
  #size = 0

  constructor(maxTotal: number, maxEach: number) {
    this.#maxTotal = maxTotal
    this.#maxEach = maxEach
  }

  get size(): number {
    return this.#size
  }

  get requesters(): number {
    return this.#lines.size
  }

  /** What waits of one requester, oldest first. */
  of(requester: string): readonly T[] {
    return this.#lines.get(requester) ?? []
  }

  /**
   * Gives what finds no room, if anything does not: when all is full, whoever
   * has most makes room for who has less.
   */
  offer(requester: string, item: T): T | undefined {
    const line = this.#lines.get(requester) ?? []
    if (line.length >= this.#maxEach) return item
    let displaced: T | undefined
    if (this.#size >= this.#maxTotal) {
      const longest = this.#longest()
      if (longest.length <= line.length + 1) return item
      displaced = longest.pop()
      this.#size--
    }
    line.push(item)
    this.#lines.set(requester, line)
    this.#size++
    return displaced
  }

  take(): T | undefined {
    const [turn] = this.#lines
    if (!turn) return undefined
    const [requester, line] = turn
    const item = line.shift()
    this.#lines.delete(requester)
    if (line.length > 0) this.#lines.set(requester, line)
    this.#size--
    return item
  }

  #longest(): T[] {
    let longest: T[] = []
    for (const line of this.#lines.values()) if (line.length > longest.length) longest = line
    return longest
  }
}
