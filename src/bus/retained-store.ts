import { Readable } from 'node:stream'
import { hasWildcard, matchesFilter } from '../streams/index.ts'

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

/** Retained messages of the embedded broker, bounded. */
export class RetainedStore {
  readonly #limits: RetainedLimits
  readonly #packets = new Map<string, RetainedPacket>()
  #bytes = 0

  constructor(limits: RetainedLimits) {
    this.#limits = limits
  }

  fits(topic: string, payload: Uint8Array): boolean {
    const before = this.#packets.get(topic)
    const count = this.#packets.size + (before ? 0 : 1)
    const bytes = this.#bytes + payload.length - (before?.payload.length ?? 0)
    return payload.length === 0 || (count <= this.#limits.maxRetained && bytes <= this.#limits.maxRetainedBytes)
  }

  /** An empty payload clears, as MQTT has it. `false`: there is no room. */
  set(topic: string, payload: Uint8Array, qos: 0 | 1 | 2): boolean {
    if (!this.fits(topic, payload)) return false
    this.#bytes += payload.length - (this.#packets.get(topic)?.payload.length ?? 0)
    if (payload.length === 0) this.#packets.delete(topic)
    // A copy: the payload may be a view into a whole socket read.
    else this.#packets.set(topic, { cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain: true })
    return true
  }

  *matching(filter: string): Generator<RetainedPacket> {
    if (!hasWildcard(filter)) {
      const packet = this.#packets.get(filter)
      if (packet) yield packet
      return
    }
    for (const packet of this.#packets.values()) if (matchesFilter(filter, packet.topic)) yield packet
  }

  /** What is retained now: what is published later comes to the subscriber anyway. */
  stream(filters: readonly string[]): Readable {
    return Readable.from(filters.flatMap((filter) => [...this.matching(filter)]))
  }
}
