import type { Aedes, AedesPublishPacket } from 'aedes'
import type { Log } from '../runtime/service.ts'
import { checkFilter } from '../streams/index.ts'
import type { Bus, MessageHandler, PublishOptions, Settled, SubscribeOptions, Subscription } from './bus.ts'
import type { RetainedStore } from './retained-store.ts'
import type { TopicEmitter } from './topic-emitter.ts'

export interface EmbeddedBusParts {
  readonly aedes: Aedes
  readonly emitter: TopicEmitter<AedesPublishPacket>
  readonly retained: RetainedStore
  readonly log: Log
}

const nothing = (): void => {}

/**
 * The embedded broker from within its process: no socket, no copy. A publish
 * has reached every subscriber of this process when it returns; what one of them
 * publishes meanwhile reaches all after it.
 */
export class EmbeddedBus implements Bus {
  readonly name = 'embedded'
  readonly lagMs = 0
  readonly #parts: EmbeddedBusParts
  #connected = true

  constructor(parts: EmbeddedBusParts) {
    this.#parts = parts
  }

  get connected(): boolean {
    return this.#connected
  }

  publish(topic: string, payload: Uint8Array, { qos, retain = false }: PublishOptions, settled?: Settled): boolean {
    const { aedes, retained } = this.#parts
    if (!this.#connected || (retain && !retained.fits(topic, payload))) return false
    aedes.publish({ cmd: 'publish', topic, payload: asBuffer(payload), qos, retain, dup: false }, nothing)
    settled?.()
    return true
  }

  subscribe(filter: string, handler: MessageHandler, options: SubscribeOptions = {}): Subscription {
    checkFilter(filter)
    const { emitter, retained } = this.#parts
    let closed = false
    const deliver = (topic: string, payload: Uint8Array, isRetained: boolean): void => {
      if (closed) return
      try {
        handler(topic, payload, isRetained)
      } catch (error) {
        this.#parts.log.error({ error, topic, broker: this.name }, 'a message handler threw')
      }
    }
    const notify = ({ topic, payload }: AedesPublishPacket): void => deliver(topic, payload as Uint8Array, false)

    emitter.on(filter, notify)
    // Not in this call: a handler may use the subscription it is about to get.
    const granted = Promise.resolve().then(() => {
      for (const { topic, payload } of retained.matching(filter)) deliver(topic, payload, true)
      if (!closed) options.onGranted?.()
    })
    return {
      granted,
      close() {
        closed = true
        emitter.removeListener(filter, notify)
      },
    }
  }

  onConnect(callback: () => void): () => void {
    if (this.#connected) callback()
    return nothing
  }

  /** The broker stops. */
  disconnect(): void {
    this.#connected = false
  }
}

/** aedes' types ask for a Buffer; the same bytes, no copy. */
const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
