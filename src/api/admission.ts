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

  /** Resolves when it is one's turn, with how to leave. Throws ApiError; and the signal's reason, of whom has gone while it waited. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#running >= this.#atOnce) {
      if (this.#waiting.length >= this.#mostWaiting) {
        throw new ApiError({ code: 'API_BUSY' }, 'too many requests are waiting: try again in a moment')
      }
      await new Promise<void>((resolve, reject) => {
        const turn = (): void => {
          signal.removeEventListener('abort', gone)
          resolve()
        }
        const gone = (): void => {
          this.#waiting.splice(this.#waiting.indexOf(turn), 1)
          reject(signal.reason as Error)
        }
        signal.addEventListener('abort', gone, { once: true })
        this.#waiting.push(turn)
      })
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
