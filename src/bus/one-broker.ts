import type { MessageHandler, NodeBus, PublishOptions, Settled, SubscribeOptions, Subscription } from './bus.ts'
import type { FailoverBus } from './failover-bus.ts'
import type { MqttBus } from './mqtt-bus.ts'

/** A list of one costs nothing over the broker itself. */
export class OneBroker implements FailoverBus {
  readonly active = 0
  readonly members: readonly NodeBus[]
  readonly #bus: MqttBus

  constructor(bus: MqttBus) {
    this.#bus = bus
    this.members = [bus]
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

  get done(): Promise<void> {
    return this.#bus.done
  }

  publish(topic: string, payload: Uint8Array, options: PublishOptions, settled?: Settled): boolean {
    return this.#bus.publish(topic, payload, options, settled)
  }

  subscribe(filter: string, handler: MessageHandler, options?: SubscribeOptions): Subscription {
    return this.#bus.subscribe(filter, handler, options)
  }

  announce(): void {
    this.#bus.announce()
  }

  onConnect(callback: () => void): () => void {
    return this.#bus.onConnect(callback)
  }

  onMove(): () => void {
    return () => {}
  }
}
