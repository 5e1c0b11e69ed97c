import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { deferred } from '../runtime/deferred.ts'
import { TopicTree } from './topic-tree.ts'

/** As much of an aedes packet as is kept. */
export interface RetainedPacket {
  readonly cmd: 'publish'
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  readonly retain: true
}

export interface RetainedLimits {
  readonly maxRetained: number
  readonly maxRetainedBytes: number
}

/** About what a level of topics takes of memory, with the message that ends there. */
const LEVEL_BYTES = 256

const NOTHING = Buffer.alloc(0)

/** As much of a client's connection as its walks need. */
export interface Asker {
  readonly destroyed: boolean
}

/** Retained messages of the embedded broker, bounded. */
export class RetainedStore {
  readonly #limits: RetainedLimits
  readonly #packets = new TopicTree<RetainedPacket>()
  /** The end of the last walk that each asked for. */
  readonly #walks = new WeakMap<Asker, Promise<void>>()
  /** Of payloads and topics. */
  #bytes = 0

  constructor(limits: RetainedLimits) {
    this.#limits = limits
  }

  fits(topic: string, payload: Uint8Array): boolean {
    const count = this.#packets.size + (this.#packets.get(topic) ? 0 : 1)
    const levels = this.#packets.levels + this.#packets.missing(topic)
    const bytes = this.#bytes + this.#growth(topic, payload) + levels * LEVEL_BYTES
    return payload.length === 0 || (count <= this.#limits.maxRetained && bytes <= this.#limits.maxRetainedBytes)
  }

  /** An empty payload clears, as MQTT has it. `false`: there is no room. */
  set(topic: string, payload: Uint8Array, qos: 0 | 1 | 2): boolean {
    if (!this.fits(topic, payload)) return false
    this.#bytes += this.#growth(topic, payload)
    if (payload.length === 0) this.#packets.delete(topic)
    // A copy: the payload may be a view into a whole socket read.
    else this.#packets.set(topic, { cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain: true })
    return true
  }

  #growth(topic: string, payload: Uint8Array): number {
    const before = this.#packets.get(topic)?.payload.length ?? 0
    const bytesWith = (length: number): number => (length === 0 ? 0 : topic.length + length)
    return bytesWith(payload.length) - bytesWith(before)
  }

  matching(filter: string): Generator<RetainedPacket> {
    return this.#packets.matching(filter)
  }

  /**
   * What is retained, each message once, however many of the filters match it. What is live goes on beside it. Of one
   * asker one walk is under way and the others wait; all of them end with its connection.
   */
  stream(filters: readonly string[], asker: Asker): Readable {
    return Readable.from(this.#inTurn(new Set(filters), asker))
  }

  async *#inTurn(filters: ReadonlySet<string>, asker: Asker): AsyncGenerator<RetainedPacket> {
    const before = this.#walks.get(asker)
    const { promise, resolve } = deferred()
    this.#walks.set(asker, promise)
    try {
      await before
      // Nobody destroys a stream whose client is gone: aedes would take it to its end.
      if (!asker.destroyed) yield* this.#each(filters, asker)
    } finally {
      resolve()
    }
  }

  /** What is there when it is looked at, for it waits until it is sent: empty if it was cleared meanwhile. */
  #asItIs(topic: string): RetainedPacket {
    const now = (): RetainedPacket | undefined => this.#packets.get(topic)
    return {
      cmd: 'publish',
      topic,
      get payload() {
        return now()?.payload ?? NOTHING
      },
      get qos() {
        return now()?.qos ?? 0
      },
      retain: true,
    }
  }

  async *#each(filters: ReadonlySet<string>, asker: Asker): AsyncGenerator<RetainedPacket> {
    const given = new Set<string>()
    for (const filter of filters) {
      for (const packet of this.#packets.looked(filter)) {
        if (asker.destroyed) return
        if (packet === undefined) await turn()
        else if (filters.size === 1) yield this.#asItIs(packet.topic)
        else if (!given.has(packet.topic)) {
          given.add(packet.topic)
          yield this.#asItIs(packet.topic)
        }
      }
    }
  }
}
