import { ApiError } from './api-error.ts'

/** At most so many at once; so many more wait, in order, and others are turned away. */
export class Admission {
  readonly #atOnce: number
  readonly #mostWaiting: number
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce
    this.#mostWaiting = mostWaiting
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const leave = await this.enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }

  /** Resolves when it is one's turn, with how to leave. Throws ApiError. */
  async enter(): Promise<() => void> {
    if (this.#running >= this.#atOnce) {
      if (this.#waiting.length >= this.#mostWaiting) {
        throw new ApiError({ code: 'API_BUSY' }, 'too many requests are waiting: try again in a moment')
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else this.#running++
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}
