import { ApiError } from './api-error.ts'

export interface Asker {
  readonly address: string
  /** Aborts when he has gone. */
  readonly signal: AbortSignal
}

export interface AdmissionLimits {
  readonly atOnce: number
  /** Of one address, of those at once. */
  readonly ofOne?: number
  /** Of one address: a quarter of them. Others are turned away. */
  readonly mostWaiting: number
}

interface Waiting {
  readonly address: string
  readonly turn: () => void
}

/** Who is let in: of those who wait whoever has the least going on, so that one with many questions holds up himself. */
export class Admission {
  readonly #limits: Required<AdmissionLimits>
  #running = 0
  readonly #runningOf = new Map<string, number>()
  readonly #waiting: Waiting[] = []

  constructor(limits: AdmissionLimits) {
    this.#limits = { ofOne: limits.atOnce, ...limits }
  }

  /** Resolves when it is one's turn, with how to leave. Throws ApiError; and the signal's reason, of whom has gone while it waited. */
  async enter({ address, signal }: Asker): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#hasPlace(address)) this.#count(address, 1)
    else await this.#turn(address, signal)
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      this.#count(address, -1)
      this.#letIn()
    }
  }

  #turn(address: string, signal: AbortSignal): Promise<void> {
    const { mostWaiting } = this.#limits
    const own = this.#waiting.filter((each) => each.address === address).length
    if (this.#waiting.length >= mostWaiting || own >= mostWaiting / 4) {
      throw new ApiError({ code: 'API_BUSY' }, 'too many requests are waiting: try again in a moment')
    }
    return new Promise<void>((resolve, reject) => {
      const turn = (): void => {
        signal.removeEventListener('abort', gone)
        resolve()
      }
      const entry = { address, turn }
      const gone = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1)
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', gone, { once: true })
      this.#waiting.push(entry)
    })
  }

  /** The one who asked first, of those whose address has the fewest running. */
  #letIn(): void {
    let next: Waiting | undefined
    for (const entry of this.#waiting) {
      if (!this.#hasPlace(entry.address)) continue
      if (!next || this.#of(entry.address) < this.#of(next.address)) next = entry
    }
    if (!next) return
    this.#waiting.splice(this.#waiting.indexOf(next), 1)
    this.#count(next.address, 1)
    next.turn()
  }

  #hasPlace(address: string): boolean {
    return this.#running < this.#limits.atOnce && this.#of(address) < this.#limits.ofOne
  }

  #of(address: string): number {
    return this.#runningOf.get(address) ?? 0
  }

  #count(address: string, by: 1 | -1): void {
    this.#running += by
    const count = this.#of(address) + by
    if (count > 0) this.#runningOf.set(address, count)
    else this.#runningOf.delete(address)
  }
}
