import { checkFilter, FilterMap, filtersOverlap } from '../streams/index.ts'
import type { MessageHandler, SubscribeOptions, Subscription } from './bus.ts'

/** One subscription, kept while connections come and go. */
export class SubscriptionEntry implements Subscription {
  readonly filter: string
  readonly qos: 0 | 1
  readonly handler: MessageHandler
  readonly granted: Promise<void>
  /** Stays for a moment and minds no message that comes twice: others need not avoid its connection. */
  readonly isGuest: boolean
  readonly #options: SubscribeOptions
  readonly #onClose: (entry: SubscriptionEntry) => void
  #resolve!: () => void
  #reject!: (error: unknown) => void
  #closed = false

  constructor(
    filter: string,
    handler: MessageHandler,
    options: SubscribeOptions,
    onClose: (entry: SubscriptionEntry) => void,
    isGuest = false,
  ) {
    this.isGuest = isGuest
    this.filter = checkFilter(filter)
    this.qos = options.qos ?? 1
    this.handler = handler
    this.#options = options
    this.#onClose = onClose
    this.granted = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // It need not be awaited; whoever does gets the rejection.
    this.granted.catch(() => {})
  }

  get isClosed(): boolean {
    return this.#closed
  }

  grant(): void {
    if (this.#closed) return
    this.#resolve()
    this.#options.onGranted?.()
  }

  refuse(error: unknown): void {
    this.#reject(error)
  }

  lost(): void {
    if (!this.#closed) this.#options.onLost?.()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#resolve()
    this.#onClose(this)
  }
}

/** The subscriptions of one connection. */
export class SubscriptionSet {
  readonly #entries = new Set<SubscriptionEntry>()
  readonly #byFilter = new FilterMap<SubscriptionEntry>()
  readonly #onThrow: (error: unknown, topic: string) => void

  constructor(onThrow: (error: unknown, topic: string) => void) {
    this.#onThrow = onThrow
  }

  get size(): number {
    return this.#entries.size
  }

  [Symbol.iterator](): IterableIterator<SubscriptionEntry> {
    return this.#entries.values()
  }

  add(entry: SubscriptionEntry): void {
    this.#entries.add(entry)
    this.#byFilter.add(entry.filter, entry)
  }

  delete(entry: SubscriptionEntry): void {
    if (this.#entries.delete(entry)) this.#byFilter.remove(entry.filter, entry)
  }

  /** Whether a message could concern both `filter` and what is subscribed here. */
  overlaps(filter: string): boolean {
    for (const entry of this.#entries) if (!entry.isGuest && filtersOverlap(entry.filter, filter)) return true
    return false
  }

  has(filter: string): boolean {
    for (const entry of this.#entries) if (entry.filter === filter) return true
    return false
  }

  /** Gives a message to whom it concerns. One handler's fault is not another's. */
  deliver(topic: string, payload: Uint8Array, retained: boolean): void {
    for (const entry of this.#byFilter.match(topic)) {
      if (entry.isClosed) continue
      try {
        entry.handler(topic, payload, retained)
      } catch (error) {
        this.#onThrow(error, topic)
      }
    }
  }
}
