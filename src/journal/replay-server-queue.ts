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

  /** What waits of one requester, oldest first. */
  of(requester: string): readonly T[] {
    return this.#lines.get(requester) ?? []
  }

  /** `false`: there is no room. */
  offer(requester: string, item: T): boolean {
    const line = this.#lines.get(requester)
    if (this.#size >= this.#maxTotal || (line && line.length >= this.#maxEach)) return false
    if (line) line.push(item)
    else this.#lines.set(requester, [item])
    this.#size++
    return true
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
}
