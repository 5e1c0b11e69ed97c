/**
 * What aedes asks of a persistence, for a broker that keeps retained messages
 * and no sessions.
 *
 * aedes' own answers by promises. A retained publish then needs some microtasks
 * more than the one after it, so it is overtaken; aedes numbers publishes before
 * that, takes what was overtaken for a duplicate, and a subscriber never gets
 * the new configuration. So the calls on a publish's way answer at once.
 */
import { Readable } from 'node:stream'
import type { Asker, RetainedStore } from './retained-store.ts'

interface Packet {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  readonly messageId: number
}

interface Client {
  readonly id: string
}

/** Calls back in `then` itself. Good for `await` too. */
interface Immediate<T> {
  then(onValue?: (value: T) => void): void
  finally(callback: () => void): void
}

function immediate<T>(value: T): Immediate<T> {
  return {
    // biome-ignore lint/suspicious/noThenProperty: that is what it is for
    then: (onValue) => onValue?.(value),
    finally: (callback) => callback(),
  }
}

const DONE = immediate(undefined)
const NO_SUBSCRIPTIONS = immediate<readonly never[]>([])

export class SessionlessPersistence {
  readonly #retained: RetainedStore
  readonly #onRefused: (topic: string) => void
  readonly #asker: () => Asker
  /** QoS 2 publishes between PUBLISH and PUBREL, by client; aedes bounds them. */
  readonly #incoming = new Map<string, Map<number, Packet>>()

  /** `asker`: whose subscription aedes is at. */
  constructor(retained: RetainedStore, onRefused: (topic: string) => void, asker: () => Asker) {
    this.#retained = retained
    this.#onRefused = onRefused
    this.#asker = asker
  }

  async setup(): Promise<void> {}

  storeRetained({ topic, payload, qos }: Packet): Immediate<undefined> {
    if (!this.#retained.set(topic, payload, qos)) this.#onRefused(topic)
    return DONE
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return this.#retained.stream(filters, this.#asker())
  }

  subscriptionsByTopic = (): Immediate<readonly never[]> => NO_SUBSCRIPTIONS
  subscriptionsByClient = (): Immediate<readonly never[]> => NO_SUBSCRIPTIONS
  addSubscriptions = (): Immediate<undefined> => DONE
  removeSubscriptions = (): Immediate<undefined> => DONE
  cleanSubscriptions = (): Immediate<undefined> => DONE

  outgoingEnqueue = (): Immediate<undefined> => DONE
  outgoingEnqueueCombi = (): Immediate<undefined> => DONE
  outgoingUpdate = (): Immediate<undefined> => DONE
  outgoingClearMessageId = (): Immediate<undefined> => DONE
  outgoingStream = (): Readable => Readable.from([])

  /** Wills live with their connection, and die with this process. */
  putWill = (): Immediate<undefined> => DONE
  delWill = (): Immediate<undefined> => DONE
  streamWill = (): Readable => Readable.from([])

  async incomingStorePacket({ id }: Client, packet: Packet): Promise<void> {
    const packets = this.#incoming.get(id) ?? new Map<number, Packet>()
    packets.set(packet.messageId, packet)
    this.#incoming.set(id, packets)
  }

  /** Rejects for a packet that is not there: aedes' way to ask whether it is. */
  async incomingGetPacket({ id }: Client, { messageId }: Packet): Promise<Packet> {
    const packet = this.#incoming.get(id)?.get(messageId)
    if (!packet) throw new Error('no such packet')
    return packet
  }

  async incomingDelPacket({ id }: Client, { messageId }: Packet): Promise<void> {
    this.#incoming.get(id)?.delete(messageId)
  }

  async cleanIncoming({ id }: Client): Promise<void> {
    this.#incoming.delete(id)
  }
}
