/** Who reads what is live of a session's lane, and of the next broker while the lane has nothing. */
import { isDataFrame, type MessageHandler, type SubscribeOptions, type Subscription } from '../bus/index.ts'
import { deferred } from '../runtime/deferred.ts'

/** Subscribes at another broker in the place of a lane. */
export type StandIn = (options: SubscribeOptions) => Subscription

export interface LaneReaderOptions {
  readonly handler: MessageHandler
  readonly options: SubscribeOptions
  readonly standIn: StandIn | undefined
  readonly onClose: (reader: LaneReader) => void
}

/** At the start the lane is given so long before another broker stands in. */
const HEAD_START_MS = 1000
/** Topics whose retained messages wait for the change back. */
const MAX_WAITING = 20_000

export class LaneReader implements Subscription {
  readonly granted: Promise<void>
  readonly #granted = deferred()
  readonly #options: LaneReaderOptions
  #isGranted = false
  #isClosed = false
  /** In the lane's place. */
  #spare: Subscription | undefined
  #headStart: NodeJS.Timeout | undefined
  /**
   * What the lane has beside data, the latest of each topic, while another broker stands in: its frames are read by
   * that one's configurations.
   */
  readonly #waiting = new Map<string, { readonly payload: Uint8Array; readonly retained: boolean }>()

  constructor(options: LaneReaderOptions) {
    this.#options = options
    this.granted = this.#granted.promise
    if (options.standIn) this.#headStart = setTimeout(() => this.#standIn(), HEAD_START_MS)
  }

  /** A message of the lane. */
  deliver(topic: string, payload: Uint8Array, retained: boolean): void {
    if (this.#spare) {
      if (!isDataFrame(payload)) {
        if (this.#waiting.size < MAX_WAITING || this.#waiting.has(topic))
          this.#waiting.set(topic, { payload, retained })
        return
      }
      // Its broker is back, and so are publishers: not before, for what they send to another one alone is nowhere else.
      this.#goBack()
    }
    this.#options.handler(topic, payload, retained)
  }

  /** The lane brings what there is. */
  grant(): void {
    clearTimeout(this.#headStart)
    this.#isGranted = true
    if (!this.#spare) this.#tellGranted()
  }

  /** It does not any more. */
  lost(): void {
    this.#isGranted = false
    this.#waiting.clear()
    if (this.#spare) return
    this.#options.options.onLost?.()
    this.#standIn()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#headStart)
    this.#spare?.close()
    this.#options.onClose(this)
  }

  #standIn(): void {
    if (this.#isClosed) return
    const { standIn, options } = this.#options
    this.#spare = standIn?.({ ...options, onGranted: () => this.#tellGranted() })
  }

  #goBack(): void {
    this.#spare?.close()
    this.#spare = undefined
    this.#options.options.onLost?.()
    if (this.#isGranted) this.#tellGranted()
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const [topic, { payload, retained }] of waiting) this.#options.handler(topic, payload, retained)
  }

  #tellGranted(): void {
    this.#granted.resolve()
    this.#options.options.onGranted?.()
  }
}
