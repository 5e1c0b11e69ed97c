import type { Bus, MessageHandler, PublishOptions, Settled, SubscribeOptions, Subscription } from '../bus/index.ts'
import { deferred } from '../runtime/deferred.ts'
import { FilterMap } from '../streams/index.ts'

class LaneReader implements Subscription {
  readonly handler: MessageHandler
  readonly options: SubscribeOptions
  readonly granted: Promise<void>
  readonly grant: () => void
  readonly close: () => void

  constructor(handler: MessageHandler, options: SubscribeOptions, close: () => void) {
    const { promise, resolve } = deferred()
    this.handler = handler
    this.options = options
    this.granted = promise
    this.grant = () => {
      resolve()
      options.onGranted?.()
    }
    this.close = close
  }
}

/** Who reads what is live of one lane: one reader for each of its filters. */
export class LaneReaders {
  readonly #byFilter = new FilterMap<LaneReader>()
  readonly #readers = new Map<string, LaneReader>()
  readonly #onThrow: (error: unknown, topic: string) => void
  #isGranted = false

  constructor(onThrow: (error: unknown, topic: string) => void) {
    this.#onThrow = onThrow
  }

  /** `undefined`: this filter has its reader. */
  subscribe(filter: string, handler: MessageHandler, options: SubscribeOptions): Subscription | undefined {
    if (this.#readers.has(filter)) return undefined
    const reader = new LaneReader(handler, options, () => {
      if (this.#readers.get(filter) !== reader) return
      this.#readers.delete(filter)
      this.#byFilter.remove(filter, reader)
    })
    this.#readers.set(filter, reader)
    this.#byFilter.add(filter, reader)
    if (this.#isGranted) reader.grant()
    return reader
  }

  deliver(topic: string, payload: Uint8Array, retained: boolean): void {
    for (const { handler } of this.#byFilter.match(topic)) {
      try {
        handler(topic, payload, retained)
      } catch (error) {
        this.#onThrow(error, topic)
      }
    }
  }

  granted(): void {
    this.#isGranted = true
    for (const reader of this.#readers.values()) reader.grant()
  }

  lost(): void {
    this.#isGranted = false
    for (const { options } of this.#readers.values()) options.onLost?.()
  }
}

/** What is live of a session's filter comes by its lane; everything else goes over the process's own connection. */
export class SessionBus implements Bus {
  readonly #bus: Bus
  readonly #onRetained: (topic: string, payload: Uint8Array) => void
  readonly #lanes = new Map<string, LaneReaders>()

  /** `onRetained`: what a reader had to ask for over the connection. */
  constructor(bus: Bus, onRetained: (topic: string, payload: Uint8Array) => void) {
    this.#bus = bus
    this.#onRetained = onRetained
  }

  get name(): string {
    return this.#bus.name
  }

  get connected(): boolean {
    return this.#bus.connected
  }

  get lagMs(): number {
    return this.#bus.lagMs
  }

  /** These filters are this lane's. */
  add(filters: readonly string[], readers: LaneReaders): void {
    for (const filter of filters) this.#lanes.set(filter, readers)
  }

  publish(topic: string, payload: Uint8Array, options: PublishOptions, settled?: Settled): boolean {
    return this.#bus.publish(topic, payload, options, settled)
  }

  /** The first for a filter of the session has the lane; more of the same are ordinary ones. */
  subscribe(filter: string, handler: MessageHandler, options: SubscribeOptions = {}): Subscription {
    const byLane = this.#lanes.get(filter)?.subscribe(filter, handler, options)
    if (byLane) return byLane
    const asked: MessageHandler = (topic, payload, retained) => {
      if (retained) this.#onRetained(topic, payload)
      handler(topic, payload, retained)
    }
    return this.#bus.subscribe(filter, asked, options)
  }

  onConnect(callback: () => void): () => void {
    return this.#bus.onConnect(callback)
  }
}
