import { TokenBucket } from './token-bucket.ts'

/** Beyond it the one that asked longest ago begins anew. */
const MAX_ADDRESSES = 1024

/** What each address may still ask, so much a second and so much at once: a loop of cheap requests must not take the process. */
export class AddressBudget {
  readonly #perSecond: number
  readonly #atOnce: number
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(perSecond: number, atOnce = perSecond) {
    this.#perSecond = perSecond
    this.#atOnce = atOnce
  }

  /** `false`: it has to wait; a second is enough. */
  take(address: string): boolean {
    const bucket = this.#buckets.get(address) ?? new TokenBucket(this.#perSecond, this.#atOnce)
    // The newest last.
    this.#buckets.delete(address)
    this.#buckets.set(address, bucket)
    if (this.#buckets.size > MAX_ADDRESSES) this.#buckets.delete(this.#buckets.keys().next().value!)
    return bucket.take()
  }
}
