import type { BrokerConfig } from '../config/bus.ts'
import { monotonicMs } from '../runtime/clock.ts'
import type { MessageHandler, NodeBus, PublishOptions, Settled, SubscribeOptions, Subscription } from './bus.ts'
import type { FailoverBus, FailoverDeps } from './failover-bus.ts'
import { FLOW_TICK_MS, FlowWatch } from './flow-watch.ts'
import { isDataFrame } from './is-data-frame.ts'
import { addressesOf } from './link-settings.ts'
import { MqttBus } from './mqtt-bus.ts'

/** Frames that used to come by a node of a cluster and do not: another one is tried. */
const DATA_SILENCE_MS = 2000

/**
 * A list of one costs nothing over the broker itself. Of a cluster, the frames
 * are watched as those of a list of brokers are.
 */
export class OneBroker implements FailoverBus {
  readonly active = 0
  readonly members: readonly NodeBus[]
  readonly done: Promise<void>
  readonly #bus: MqttBus
  readonly #flow: FlowWatch | undefined
  #frames = 0
  #subscriptions = 0

  constructor(broker: BrokerConfig, deps: FailoverDeps) {
    this.#bus = new MqttBus(broker, deps)
    this.members = [this.#bus]
    this.done = this.#bus.done
    // Who follows another one has no steady flow.
    if (addressesOf(broker).length === 1 || deps.follow) return
    this.#flow = new FlowWatch(DATA_SILENCE_MS)
    const timer = setInterval(this.#tick, FLOW_TICK_MS).unref()
    this.done = this.#bus.done.then(() => clearInterval(timer))
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

  publish(topic: string, payload: Uint8Array, options: PublishOptions, settled?: Settled): boolean {
    return this.#bus.publish(topic, payload, options, settled)
  }

  subscribe(filter: string, handler: MessageHandler, options?: SubscribeOptions): Subscription {
    if (!this.#flow) return this.#bus.subscribe(filter, handler, options)
    const counted: MessageHandler = (topic, payload, retained) => {
      if (!retained && isDataFrame(payload)) this.#frames++
      handler(topic, payload, retained)
    }
    const subscription = this.#bus.subscribe(filter, counted, options)
    this.#subscriptions++
    let isClosed = false
    return {
      granted: subscription.granted,
      close: () => {
        if (!isClosed) this.#subscriptions--
        isClosed = true
        subscription.close()
      },
    }
  }

  renew(): boolean {
    return this.#bus.renew()
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

  readonly #tick = (): void => {
    const flow = this.#flow!
    if (this.#subscriptions === 0) flow.forget()
    flow.tick(monotonicMs(), this.#frames)
    if (!this.connected) flow.moved()
    else if (flow.isSilent && this.renew()) flow.moved()
  }
}
