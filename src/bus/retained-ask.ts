import type { Bus, Subscription } from './bus.ts'

/** A broker that delivers what is retained does so by then. */
const GRACE_MS = 150
/** How long an answer is waited for. */
const ANSWER_MS = 1000
/** Asked again no sooner than this, twice as late each time. */
const FIRST_PAUSE_MS = 5000
const MAX_PAUSE_MS = 60_000
const MAX_OPEN = 256

export interface RetainedAskOptions {
  /** Exact topics to ask for, of one stream. */
  readonly topics: (stream: string) => readonly string[]
  readonly answer: (topic: string, payload: Uint8Array) => void
  /** The time for an answer is over, and the stream still waits. */
  readonly unanswered: (stream: string) => void
  readonly isWaiting: (stream: string) => boolean
  readonly clock: () => number
}

interface Wanted {
  /** When to act next (monotonic ms). */
  at: number
  pauseMs: number
  subscriptions: readonly Subscription[]
}

/**
 * Asks the broker for retained messages that did not come: RabbitMQ gives none
 * to a wildcard subscription. The exact topics are subscribed for a moment; the
 * bus puts them on another connection, so no live frame arrives twice.
 */
export class RetainedAsk {
  readonly #bus: Bus
  readonly #options: RetainedAskOptions
  readonly #wanted = new Map<string, Wanted>()
  #timer: NodeJS.Timeout | undefined
  #open = 0

  constructor(bus: Bus, options: RetainedAskOptions) {
    this.#bus = bus
    this.#options = options
  }

  /** Frames of this stream wait for its configuration. Cheap to say again. */
  want(stream: string): void {
    if (this.#wanted.has(stream)) return
    this.#wanted.set(stream, { at: this.#options.clock() + GRACE_MS, pauseMs: FIRST_PAUSE_MS, subscriptions: [] })
    this.#schedule()
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const wanted of this.#wanted.values()) this.#finish(wanted)
    this.#wanted.clear()
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#look()
      if (this.#wanted.size > 0) this.#schedule()
    }, GRACE_MS / 3)
  }

  #look(): void {
    const now = this.#options.clock()
    for (const [stream, wanted] of this.#wanted) {
      const isOpen = wanted.subscriptions.length > 0
      if (isOpen && now >= wanted.at) {
        this.#finish(wanted)
        wanted.at = now + wanted.pauseMs
        wanted.pauseMs = Math.min(wanted.pauseMs * 2, MAX_PAUSE_MS)
        if (this.#options.isWaiting(stream)) this.#options.unanswered(stream)
      } else if (!isOpen && now >= wanted.at && !this.#options.isWaiting(stream)) {
        this.#wanted.delete(stream)
      } else if (!isOpen && now >= wanted.at && this.#open < MAX_OPEN) {
        this.#ask(stream, wanted, now)
      }
    }
  }

  #ask(stream: string, wanted: Wanted, now: number): void {
    this.#open++
    wanted.at = now + ANSWER_MS
    wanted.subscriptions = this.#options.topics(stream).map((topic) =>
      this.#bus.subscribe(topic, (answered, payload, retained) => {
        if (retained) this.#options.answer(answered, payload)
      }),
    )
  }

  #finish(wanted: Wanted): void {
    if (wanted.subscriptions.length === 0) return
    for (const subscription of wanted.subscriptions) subscription.close()
    wanted.subscriptions = []
    this.#open--
  }
}
