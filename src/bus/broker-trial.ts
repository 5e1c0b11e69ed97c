import type { Bus, Subscription } from './bus.ts'
import type { Arrived, FailoverSubscription } from './failover-subscription.ts'
import { isDataFrame } from './is-data-frame.ts'

/** Longest look at another broker: one that has frames shows them by then. */
export const TRIAL_MS = 2000
/** What may wait for the change, over all subscriptions; with more of it, it is time to change. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024

interface Waiting {
  readonly entry: FailoverSubscription
  readonly topic: string
  readonly payload: Uint8Array
  readonly retained: boolean
}

interface Tried {
  readonly subscription: Subscription
  isGranted: boolean
}

/**
 * The subscriptions of a bus on the broker it may move to, while those on the
 * broker it is on still serve: what comes waits, until there is enough to know
 * that nothing is missed by the move.
 */
export class BrokerTrial {
  readonly #bus: Bus
  readonly #needsFrames: boolean
  readonly #onReady: () => void
  readonly #tried = new Map<FailoverSubscription, Tried>()
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #hasFrames = false
  /** From here on messages go straight to who subscribed. */
  #deliver: Arrived | undefined

  constructor(bus: Bus, needsFrames: boolean, onReady: () => void) {
    this.#bus = bus
    this.#needsFrames = needsFrames
    this.#onReady = onReady
  }

  /** Everything was granted, and a frame came where some are needed; or no more can wait. */
  get isReady(): boolean {
    if (this.#waitingBytes > MAX_WAITING_BYTES) return true
    if (this.#needsFrames && !this.#hasFrames) return false
    for (const { isGranted } of this.#tried.values()) if (!isGranted) return false
    return true
  }

  add(entry: FailoverSubscription): void {
    const tried: Tried = {
      isGranted: false,
      subscription: entry.attach(this.#bus, {
        arrived: this.#arrived,
        granted: () => {
          tried.isGranted = true
          this.#look()
        },
      }),
    }
    this.#tried.set(entry, tried)
  }

  delete(entry: FailoverSubscription): void {
    const tried = this.#tried.get(entry)
    this.#tried.delete(entry)
    tried?.subscription.close()
    this.#look()
  }

  /** Nothing comes of it. */
  abandon(): void {
    this.#deliver = () => {}
    for (const { subscription } of this.#tried.values()) subscription.close()
  }

  /** The broker before is left: first its end is told, then what came from this one since, in the order in which it came. */
  take(deliver: Arrived): void {
    for (const entry of this.#tried.keys()) entry.leave()
    for (const [entry, { subscription }] of this.#tried) entry.use(subscription)
    for (const [entry, { isGranted }] of this.#tried) if (isGranted) entry.grantedBefore()
    const waiting = this.#waiting
    this.#waiting = []
    this.#deliver = deliver
    for (const { entry, topic, payload, retained } of waiting) {
      if (this.#tried.has(entry)) deliver(entry, topic, payload, retained)
    }
  }

  readonly #arrived: Arrived = (entry, topic, payload, retained) => {
    if (this.#deliver) {
      this.#deliver(entry, topic, payload, retained)
      return
    }
    this.#waiting.push({ entry, topic, payload, retained })
    this.#waitingBytes += payload.length
    if (!retained && isDataFrame(payload)) this.#hasFrames = true
    this.#look()
  }

  #look(): void {
    if (!this.#deliver && this.isReady) this.#onReady()
  }
}
