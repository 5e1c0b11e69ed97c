import { monotonicMs } from '../runtime/clock.ts'

/** Does a thing when it is wanted, but no two times within the interval; what is wanted too early is done later. */
export class Paced {
  readonly #act: () => void
  #lastMs = Number.NEGATIVE_INFINITY
  #dueMs = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(act: () => void) {
    this.#act = act
  }

  /** Wants it now; the shortest interval among those who want it counts. */
  want(intervalMs: number): void {
    const dueMs = this.#lastMs + intervalMs
    if (dueMs >= this.#dueMs) return
    clearTimeout(this.#timer)
    this.#dueMs = dueMs
    const waitMs = dueMs - monotonicMs()
    if (waitMs <= 0) this.#fire()
    else this.#timer = setTimeout(() => this.#fire(), waitMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#dueMs = Number.NEGATIVE_INFINITY
  }

  #fire(): void {
    this.#lastMs = monotonicMs()
    this.#dueMs = Number.POSITIVE_INFINITY
    this.#act()
  }
}
