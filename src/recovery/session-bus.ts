import {
  type Bus,
  isDataFrame,
  type MessageHandler,
  type PublishOptions,
  type Settled,
  type SubscribeOptions,
  type Subscription,
} from '../bus/index.ts'
import { FilterMap } from '../streams/index.ts'
import { LaneReader, type StandIn } from './lane-reader.ts'

/** Who reads what is live of one lane: one reader for each of its filters. */
export class LaneReaders {
  readonly #byFilter = new FilterMap<LaneReader>()
  readonly #readers = new Map<string, LaneReader>()
  readonly #onThrow: (error: unknown, topic: string) => void
  /** What comes in the lane's place, too, is news of now. */
  readonly onNow: (topic: string, payload: Uint8Array) => void
  #isGranted = false

  constructor(
    onThrow: (error: unknown, topic: string) => void,
    onNow: (topic: string, payload: Uint8Array) => void = () => {},
  ) {
    this.#onThrow = onThrow
    this.onNow = onNow
  }

  /** `undefined`: this filter has its reader. */
  subscribe(
    filter: string,
    handler: MessageHandler,
    options: SubscribeOptions,
    standIn?: StandIn,
  ): Subscription | undefined {
    if (this.#readers.has(filter)) return undefined
    const reader = new LaneReader({
      handler,
      options,
      standIn,
      onClose: (closed) => {
        if (this.#readers.get(filter) !== closed) return
        this.#readers.delete(filter)
        this.#byFilter.remove(filter, closed)
      },
    })
    this.#readers.set(filter, reader)
    this.#byFilter.add(filter, reader)
    if (this.#isGranted) reader.grant()
    return reader
  }

  deliver(topic: string, payload: Uint8Array, retained: boolean): void {
    for (const reader of this.#byFilter.match(topic)) {
      try {
        reader.deliver(topic, payload, retained)
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
    for (const reader of this.#readers.values()) reader.lost()
  }
}

export interface SessionBusOptions {
  /** What is retained, of what a reader asks for over the process's own connection. */
  readonly onRetained: (topic: string, payload: Uint8Array) => void
  /** The process's own connection may be to another broker than the session's: it stands in while a lane is away. */
  readonly standsIn: boolean
}

/** What is live of a session's filter comes by its lane; everything else goes over the process's own connection. */
export class SessionBus implements Bus {
  readonly #bus: Bus
  readonly #options: SessionBusOptions
  readonly #lanes = new Map<string, LaneReaders>()

  constructor(bus: Bus, options: SessionBusOptions) {
    this.#bus = bus
    this.#options = options
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
    const { onRetained, standsIn } = this.#options
    const lane = this.#lanes.get(filter)
    const standIn: StandIn = (spare) =>
      this.#bus.subscribe(
        filter,
        (topic, payload, retained) => {
          if (!isDataFrame(payload)) lane?.onNow(topic, payload)
          handler(topic, payload, retained)
        },
        spare,
      )
    const byLane = lane?.subscribe(filter, handler, options, standsIn ? standIn : undefined)
    if (byLane) return byLane
    const asked: MessageHandler = (topic, payload, retained) => {
      if (retained) onRetained(topic, payload)
      handler(topic, payload, retained)
    }
    return this.#bus.subscribe(filter, asked, options)
  }

  onConnect(callback: () => void): () => void {
    return this.#bus.onConnect(callback)
  }
}
