import type { Bus, MessageHandler, SubscribeOptions, Subscription } from './bus.ts'

/** A message on its way to a subscription. */
export type Arrived = (entry: FailoverSubscription, topic: string, payload: Uint8Array, retained: boolean) => void

export interface AttachHooks {
  /** Instead of the subscription's own handler. */
  readonly arrived: Arrived
  readonly granted?: () => void
}

/** One subscription, kept while the broker it is on changes. */
export class FailoverSubscription implements Subscription {
  readonly filter: string
  readonly handler: MessageHandler
  readonly granted: Promise<void>
  /** Data frames came by it. */
  hasFrames = false
  readonly #options: SubscribeOptions
  readonly #onClose: (entry: FailoverSubscription) => void
  #resolve!: () => void
  #reject!: (error: unknown) => void
  #current: Subscription | undefined
  /** Granted, and not lost since. */
  #isGranted = false
  #isClosed = false

  constructor(
    filter: string,
    handler: MessageHandler,
    options: SubscribeOptions,
    onClose: (entry: FailoverSubscription) => void,
  ) {
    this.filter = filter
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

  /** Asks a broker for it. What comes of it counts while it is the one in use. */
  attach(bus: Bus, { arrived, granted }: AttachHooks): Subscription {
    const { qos } = this.#options
    const subscription: Subscription = bus.subscribe(
      this.filter,
      (topic, payload, retained) => {
        if (!this.#isClosed) arrived(this, topic, payload, retained)
      },
      {
        ...(qos !== undefined && { qos }),
        onGranted: () => {
          granted?.()
          if (this.#current === subscription) this.#grant()
        },
        onLost: () => {
          if (this.#current === subscription) this.#lose()
        },
      },
    )
    subscription.granted.catch((error: unknown) => {
      if (this.#current === subscription) this.#reject(error)
    })
    return subscription
  }

  /** From here on this is the one in use; the one before is closed. */
  use(subscription: Subscription): void {
    const before = this.#current
    this.#current = subscription
    before?.close()
  }

  /** It is in use, and was granted before it was. */
  grantedBefore(): void {
    this.#grant()
  }

  /** What it was on is left. */
  leave(): void {
    this.#lose()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#current?.close()
    this.#resolve()
    this.#onClose(this)
  }

  #grant(): void {
    if (this.#isClosed) return
    this.#isGranted = true
    this.#resolve()
    this.#options.onGranted?.()
  }

  #lose(): void {
    if (this.#isClosed || !this.#isGranted) return
    this.#isGranted = false
    this.#options.onLost?.()
  }
}
