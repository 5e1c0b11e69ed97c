import type { Bus } from '../bus/index.ts'

const TICK_MS = 5000
/** Asked so often in vain, it is the subscription. */
const MAX_UNHEARD = 2
const QUESTION = new TextEncoder().encode('{ "contract": 1 }')

/**
 * Whether requests still come by this connection. A broker may have lost what
 * was subscribed and not say so (a RabbitMQ cluster that was split, a NATS node
 * that died), and no request is nothing unusual: so where none comes, the node
 * asks itself, and makes a new connection if it does not hear that.
 */
export class Hearing {
  readonly #bus: Bus
  readonly #topic: string
  readonly #timer: NodeJS.Timeout
  #isGranted = false
  #hasHeard = false
  #unheard = 0

  /** `topic`: among those that are subscribed, and nobody else's. */
  constructor(bus: Bus, topic: string) {
    this.#bus = bus
    this.#topic = topic
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  granted(): void {
    this.#isGranted = true
    this.#unheard = 0
  }

  lost(): void {
    this.#isGranted = false
  }

  /** Something came. Says whether it was the node's own question. */
  heard(topic: string): boolean {
    this.#hasHeard = true
    return topic === this.#topic
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    if (!this.#isGranted || !this.#bus.connected) return
    if (this.#hasHeard) {
      this.#hasHeard = false
      this.#unheard = 0
    } else if (this.#unheard === MAX_UNHEARD) {
      if (this.#bus.renew?.()) this.#unheard = 0
    } else if (this.#bus.publish(this.#topic, QUESTION, { qos: 1 })) this.#unheard++
  }
}
