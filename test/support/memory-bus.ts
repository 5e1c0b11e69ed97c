import type {
  Bus,
  MessageHandler,
  PublishOptions,
  Settled,
  SubscribeOptions,
  Subscription,
} from '../../src/bus/index.ts'
import { matchesFilter } from '../../src/streams/index.ts'
import { Watched } from './watched.ts'

export interface Published {
  readonly topic: string
  readonly payload: Uint8Array
}

/** A broker in memory whose connections do as the test says. */
export class MemoryBroker extends Watched {
  readonly buses: MemoryBus[] = []
  /** Everything published, in order. */
  readonly published: Published[] = []
  /** What becomes of a message on its way to the subscribers; it may be changed, doubled or dropped. */
  passing: (message: Published) => readonly Published[] = (message) => [message]

  connect(name = 'memory'): MemoryBus {
    const bus = new MemoryBus(this, name)
    this.buses.push(bus)
    return bus
  }

  deliver(message: Published, retained = false): void {
    this.published.push(message)
    for (const each of this.passing(message)) for (const bus of this.buses) bus.receive(each, retained)
    this.changed()
  }
}

interface Entry {
  readonly filter: string
  readonly handler: MessageHandler
  readonly options: SubscribeOptions
}

export class MemoryBus implements Bus {
  readonly name: string
  readonly lagMs = 0
  readonly #broker: MemoryBroker
  readonly #entries = new Set<Entry>()
  readonly #onConnect = new Set<() => void>()
  connected = true
  /** `false`: nothing is taken. */
  takes = true
  /** `false`: messages arrive, and are not acknowledged until `acknowledge()`. */
  acknowledges = true
  readonly unsettled: Settled[] = []

  constructor(broker: MemoryBroker, name: string) {
    this.#broker = broker
    this.name = name
  }

  publish(topic: string, payload: Uint8Array, _options: PublishOptions, settled: Settled = () => {}): boolean {
    if (!this.connected || !this.takes) return false
    this.unsettled.push(settled)
    // Not in this call, as over a socket.
    setImmediate(() => {
      this.#broker.deliver({ topic, payload })
      if (this.acknowledges) this.acknowledge()
    })
    return true
  }

  acknowledge(): void {
    for (const settled of this.unsettled.splice(0)) settled()
  }

  subscribe(filter: string, handler: MessageHandler, options: SubscribeOptions = {}): Subscription {
    const entry = { filter, handler, options }
    this.#entries.add(entry)
    const granted = Promise.resolve().then(() => {
      if (this.connected) options.onGranted?.()
    })
    return { granted, close: () => void this.#entries.delete(entry) }
  }

  get filters(): string[] {
    return [...this.#entries].map(({ filter }) => filter)
  }

  onConnect(callback: () => void): () => void {
    this.#onConnect.add(callback)
    if (this.connected) callback()
    return () => this.#onConnect.delete(callback)
  }

  receive({ topic, payload }: Published, retained: boolean): void {
    if (!this.connected) return
    for (const { filter, handler } of this.#entries) if (matchesFilter(filter, topic)) handler(topic, payload, retained)
  }

  /** The connection ends: what was not acknowledged never will be. */
  lose(): void {
    this.connected = false
    for (const settled of this.unsettled.splice(0)) settled(new Error('connection lost'))
    for (const { options } of this.#entries) options.onLost?.()
  }

  restore(): void {
    this.connected = true
    for (const { options } of this.#entries) options.onGranted?.()
    for (const callback of this.#onConnect) callback()
  }
}
