import type { Bus, Subscription } from '../bus/index.ts'
import { deferred } from '../runtime/deferred.ts'
import { replyFilter } from '../streams/index.ts'

export interface ReplyHandlers {
  message(topic: string, payload: Uint8Array): void
  /** The connection is gone: answers that were on their way will not come. */
  lost(): void
}

/** The standing subscription to the answers of an area's nodes. */
export class ReplyInbox {
  readonly #subscription: Subscription
  #granted = deferred()

  constructor(bus: Bus, area: string, token: string, { message, lost }: ReplyHandlers) {
    this.#subscription = bus.subscribe(replyFilter(area, token), message, {
      qos: 1,
      onGranted: () => this.#granted.resolve(),
      onLost: () => {
        this.#granted = deferred()
        lost()
      },
    })
  }

  /** Resolves once the broker will pass on answers over the connection there is now. */
  get ready(): Promise<void> {
    return this.#granted.promise
  }

  close(): void {
    this.#subscription.close()
  }
}
