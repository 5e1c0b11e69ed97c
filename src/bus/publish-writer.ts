/**
 * Writes PUBLISH packets: the first of an event-loop turn at once, what follows
 * in the same turn as one piece. Frames of many PMUs arrive in one turn, and a
 * system call each costs more than all the rest; a lone frame waits for nothing.
 *
 * Not by MQTT.js, which keeps every QoS 1 packet in a store for a resend that
 * live frames must never have, and writes each in six pieces: at 1,000 topics
 * × 50 messages/s it did not keep up on the reference machine.
 */

/*
  PUBLISH => fixed(1) remaining(1..4) topic id? payload
    fixed   => 0x30 | qos << 1 | retain
    topic   => UINT16 length, UTF-8
    id      => UINT16, only at QoS 1
*/

const SLAB_SIZE = 256 * 1024
/** What is gathered before a write, at most: a long turn does not hold back its first frames. */
const FLUSH_SIZE = 32 * 1024
/** Fixed header, remaining length, topic length, packet identifier. */
const MAX_OVERHEAD = 1 + 4 + 2 + 2

export class PublishWriter {
  readonly #write: (bytes: Buffer) => void
  #slab = Buffer.allocUnsafeSlow(SLAB_SIZE)
  #start = 0
  #end = 0
  #scheduled: NodeJS.Immediate | undefined

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write
  }

  /** Bytes gathered and not yet written. */
  get pending(): number {
    return this.#end - this.#start
  }

  /** `id` is 0 at QoS 0. The payload is copied, unless it is a large one. */
  publish(topic: string, payload: Uint8Array, id: number, retain: boolean): void {
    const topicSize = Buffer.byteLength(topic)
    const remaining = 2 + topicSize + (id === 0 ? 0 : 2) + payload.length
    const large = payload.length > FLUSH_SIZE
    this.#reserve(MAX_OVERHEAD + topicSize + (large ? 0 : payload.length))

    const slab = this.#slab
    let at = this.#end
    slab[at++] = 0x30 | (id === 0 ? 0 : 0x02) | (retain ? 1 : 0)
    let rest = remaining
    while (rest > 0x7f) {
      slab[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    slab[at++] = rest
    slab[at++] = topicSize >> 8
    slab[at++] = topicSize
    slab.write(topic, at, topicSize, 'utf8')
    at += topicSize
    if (id !== 0) {
      slab[at++] = id >> 8
      slab[at++] = id
    }
    if (large) {
      this.#end = at
      this.flush()
      this.#write(Buffer.from(payload.buffer, payload.byteOffset, payload.length))
      return
    }
    slab.set(payload, at)
    this.#end = at + payload.length
    this.#schedule()
  }

  /** PINGREQ. */
  ping(): void {
    this.#reserve(2)
    this.#slab[this.#end++] = 0xc0
    this.#slab[this.#end++] = 0
    this.#schedule()
  }

  /** PUBACK of a message that came at QoS 1. */
  acknowledge(id: number): void {
    this.#reserve(4)
    this.#slab[this.#end++] = 0x40
    this.#slab[this.#end++] = 2
    this.#slab[this.#end++] = id >> 8
    this.#slab[this.#end++] = id
    this.#schedule()
  }

  /** Writes what is gathered: before anything else goes over the same stream. */
  flush(): void {
    if (this.#end === this.#start) return
    const bytes = this.#slab.subarray(this.#start, this.#end)
    this.#start = this.#end
    this.#write(bytes)
  }

  /** Forgets what is gathered. */
  close(): void {
    this.#start = this.#end
    if (this.#scheduled) clearImmediate(this.#scheduled)
    this.#scheduled = undefined
  }

  #schedule(): void {
    if (this.#scheduled === undefined || this.pending >= FLUSH_SIZE) this.flush()
    this.#scheduled ??= setImmediate(this.#onImmediate)
  }

  readonly #onImmediate = (): void => {
    this.#scheduled = undefined
    this.flush()
  }

  /** A slab that was written is never written again: the stream may still hold it. */
  #reserve(size: number): void {
    if (this.#end + size <= this.#slab.length) return
    this.flush()
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_SIZE, size))
    this.#start = 0
    this.#end = 0
  }
}
