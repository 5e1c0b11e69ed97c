import { TokenBucket } from '../runtime/token-bucket.ts'

/** Requests of one address in a second, and at once: a dashboard asks for less. */
const PER_SECOND = 50
/** Beyond it the one that asked longest ago begins anew. */
const MAX_ADDRESSES = 1024

/** What each address may still ask: a loop of cheap requests must not take the process. */
export class AddressBudget {
  readonly #perSecond: number
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(perSecond = PER_SECOND) {
    this.#perSecond = perSecond
  }

  /** `false`: it has to wait; a second is enough. */
  take(address: string): boolean {
    const bucket = this.#buckets.get(address) ?? new TokenBucket(this.#perSecond)
    // The newest last.
    this.#buckets.delete(address)
    this.#buckets.set(address, bucket)
    if (this.#buckets.size > MAX_ADDRESSES) this.#buckets.delete(this.#buckets.keys().next().value!)
    return bucket.take()
  }
}
