import { monotonicMs } from './clock.ts'

/** Lets so many things a second pass, and so many at once: a second's worth by default. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #capacity: number
  #tokens: number
  #lastMs = monotonicMs()

  constructor(perSecond: number, atOnce = perSecond) {
    this.#perSecond = perSecond
    this.#capacity = Math.max(1, atOnce)
    this.#tokens = this.#capacity
  }

  take(): boolean {
    const nowMs = monotonicMs()
    this.#tokens = Math.min(this.#capacity, this.#tokens + ((nowMs - this.#lastMs) / 1000) * this.#perSecond)
    this.#lastMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
