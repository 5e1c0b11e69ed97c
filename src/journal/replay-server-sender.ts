import type { Bus } from '../bus/index.ts'
import { monotonicMs } from '../runtime/clock.ts'

/** Bytes that may be on their way to the broker: a slow link's queue stays short. */
const WINDOW_BYTES = 65_536
/** A broker that does not take the next message for so long gets no more of this answer. */
const GIVE_UP_MS = 2000
/** A connection that refused is asked again after this, if nothing is acknowledged before. */
const RETRY_MS = 10

/** Answers on their way to one broker, held to its pace. One send at a time. */
export class ReplySender {
  readonly #bus: Bus
  #unacknowledged = 0
  #losses = 0
  #wake: (() => void) | undefined

  constructor(bus: Bus) {
    this.#bus = bus
  }

  /** Changes when something that was sent did not reach the broker. */
  get losses(): number {
    return this.#losses
  }

  /** Without waiting; `false`: not sent. */
  trySend(topic: string, payload: Uint8Array): boolean {
    const size = payload.length
    if (this.#unacknowledged > 0 && this.#unacknowledged + size > WINDOW_BYTES) return false
    // Before, for it may be acknowledged in this call.
    this.#unacknowledged += size
    const settled = (error?: Error): void => {
      this.#unacknowledged -= size
      if (error) this.#losses++
      this.#wake?.()
    }
    if (this.#bus.publish(topic, payload, { qos: 1 }, settled)) return true
    this.#unacknowledged -= size
    return false
  }

  /** Waits for room, for a while; `false`: not sent, and no more will be soon. */
  async send(topic: string, payload: Uint8Array, signal: AbortSignal): Promise<boolean> {
    const since = monotonicMs()
    while (!signal.aborted && this.#bus.connected && monotonicMs() - since < GIVE_UP_MS) {
      if (this.trySend(topic, payload)) return true
      await this.#change()
    }
    return false
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), RETRY_MS)
      this.#wake = () => {
        this.#wake = undefined
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
