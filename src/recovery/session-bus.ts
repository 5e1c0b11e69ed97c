import type { Bus, MessageHandler, PublishOptions, Settled, SubscribeOptions, Subscription } from '../bus/index.ts'
import { deferred } from '../runtime/deferred.ts'
import { FilterMap } from '../streams/index.ts'

/** How a reader gets what is live while its lane is away; undefined where nobody else has it. */
export type StandIn = (options: SubscribeOptions) => Subscription

class LaneReader implements Subscription {
  readonly handler: MessageHandler
  readonly granted: Promise<void>
  readonly #granted = deferred()
  readonly #options: SubscribeOptions
  readonly #standIn: StandIn | undefined
  readonly #onClose: (reader: LaneReader) => void
  /** In the lane's place. */
  #spare: Subscription | undefined

  constructor(
    handler: MessageHandler,
    options: SubscribeOptions,
    standIn: StandIn | undefined,
    onClose: (reader: LaneReader) => void,
  ) {
    this.handler = handler
    this.granted = this.#granted.promise
    this.#options = options
    this.#onClose = onClose
    this.#standIn = standIn
  }

  /**
   * The lane brings what is live. What it has retained may have come before this: to the reader the lane goes on
   * where the other broker was, and what came live there is no older.
   */
  grant(): void {
    this.#spare?.close()
    this.#spare = undefined
    this.#grant()
  }

  /** The lane does not bring it, yet or any more. */
  await(): void {
    this.#spare ??= this.#standIn?.({ ...this.#options, onGranted: () => this.#grant() })
  }

  lost(): void {
    this.#options.onLost?.()
    this.await()
  }

  close(): void {
    this.#spare?.close()
    this.#onClose(this)
  }

  #grant(): void {
    this.#granted.resolve()
    this.#options.onGranted?.()
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
  subscribe(
    filter: string,
    handler: MessageHandler,
    options: SubscribeOptions,
    standIn?: StandIn,
  ): Subscription | undefined {
    if (this.#readers.has(filter)) return undefined
    const reader = new LaneReader(handler, options, standIn, (closed) => {
      if (this.#readers.get(filter) !== closed) return
      this.#readers.delete(filter)
      this.#byFilter.remove(filter, closed)
    })
    this.#readers.set(filter, reader)
    this.#byFilter.add(filter, reader)
    if (this.#isGranted) reader.grant()
    else reader.await()
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
    for (const reader of this.#readers.values()) reader.lost()
  }
}

export interface SessionBusOptions {
  /** Of what comes over the process's own connection: what is retained, and all that stands in for a lane. */
  readonly onNow: (topic: string, payload: Uint8Array) => void
  /** The process's own connection may be to another broker than the session's: what is live comes by it while a lane is away. */
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
    const { onNow, standsIn } = this.#options
    const standIn: StandIn = (spare) =>
      this.#bus.subscribe(
        filter,
        (topic, payload, retained) => {
          onNow(topic, payload)
          handler(topic, payload, retained)
        },
        spare,
      )
    const byLane = this.#lanes.get(filter)?.subscribe(filter, handler, options, standsIn ? standIn : undefined)
    if (byLane) return byLane
    const asked: MessageHandler = (topic, payload, retained) => {
      if (retained) onNow(topic, payload)
      handler(topic, payload, retained)
    }
    return this.#bus.subscribe(filter, asked, options)
  }

  onConnect(callback: () => void): () => void {
    return this.#bus.onConnect(callback)
  }
}
