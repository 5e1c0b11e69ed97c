/**
 * Takes MQTT packets off a byte stream. The three that come by the ten thousand
 * are read here (PUBLISH at QoS 0 and 1, PUBACK of our publishes, PINGRESP), with
 * nothing between the socket and the handler; the others go to MQTT.js.
 *
 * By way of MQTT.js a lone frame took 60 µs longer from socket to handler, and
 * the full line did not keep within 1.25 times three plain relays at QoS 0
 * (`npm run bench -- latency`).
 */
import { FIRST_LIVE_ID } from './control-ids.ts'

/*
  packet  => fixed(1) remaining(1..4) …
  PUBLISH => 0x30 | dup << 3 | qos << 1 | retain, topic: UINT16 length, UTF-8, id: UINT16 at QoS 1, payload
  PUBACK  => 0x40 2 id: UINT16
*/

const PUBLISH = 3
const PUBACK = 4
const PINGRESP = 13

export interface PacketSink {
  /** `id` is 0 at QoS 0. `isAgain` (DUP): the broker may have sent it before. */
  publish(topic: string, payload: Uint8Array, retained: boolean, id: number, isAgain: boolean): void
  /** Of an identifier from {@link FIRST_LIVE_ID} on. */
  acknowledged(id: number): void
  pong(): void
  /** A whole packet of another kind (and PINGRESP too: the library waits for it). */
  other(packet: Buffer): void
  /** The stream makes no sense any more; nothing is read after this. */
  malformed(problem: string): void
}

export class IncomingPackets {
  readonly #sink: PacketSink
  readonly #maxPacketBytes: number
  /** The beginning of a packet that is not whole yet. */
  readonly #pieces: Buffer[] = []
  #pending = 0
  /** Bytes to wait for before it is worth looking again. */
  #needed = 0
  #isBroken = false

  constructor(sink: PacketSink, maxPacketBytes: number) {
    this.#sink = sink
    this.#maxPacketBytes = maxPacketBytes
  }

  push(chunk: Buffer): void {
    if (this.#isBroken) return
    if (this.#pending === 0) {
      this.#read(chunk)
      return
    }
    this.#pieces.push(chunk)
    this.#pending += chunk.length
    if (this.#pending < this.#needed) return
    const bytes = Buffer.concat(this.#pieces, this.#pending)
    this.#pieces.length = 0
    this.#pending = 0
    this.#read(bytes)
  }

  #read(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) {
      let length = 0
      let body = at + 1
      let shift = 0
      for (; ; shift += 7) {
        if (body === bytes.length) {
          this.#keep(bytes.subarray(at), body - at + 1)
          return
        }
        const byte = bytes[body++]!
        length |= (byte & 0x7f) << shift
        if (byte < 0x80) break
        if (shift === 21) {
          this.#break('a length of more than four bytes')
          return
        }
      }
      if (length > this.#maxPacketBytes) {
        this.#break(`a packet of ${length} bytes`)
        return
      }
      const end = body + length
      if (end > bytes.length) {
        this.#keep(bytes.subarray(at), end - at)
        return
      }
      this.#packet(bytes, at, body, end)
      if (this.#isBroken) return
      at = end
    }
  }

  #packet(bytes: Buffer, start: number, body: number, end: number): void {
    const first = bytes[start]!
    const type = first >> 4
    if (type === PUBACK && end - body === 2) {
      const id = (bytes[body]! << 8) | bytes[body + 1]!
      if (id >= FIRST_LIVE_ID) {
        this.#sink.acknowledged(id)
        return
      }
    } else if (type === PUBLISH && (first & 0x04) === 0) {
      this.#publish(bytes, first, body, end)
      return
    } else if (type === PINGRESP) {
      this.#sink.pong()
    }
    this.#sink.other(bytes.subarray(start, end))
  }

  #publish(bytes: Buffer, first: number, body: number, end: number): void {
    const topicAt = body + 2
    const topicEnd = topicAt + ((bytes[body]! << 8) | bytes[body + 1]!)
    const hasId = (first & 0x02) !== 0
    const payloadAt = topicEnd + (hasId ? 2 : 0)
    if (end - body < 2 || payloadAt > end) {
      this.#break('a PUBLISH shorter than its topic')
      return
    }
    const id = hasId ? (bytes[topicEnd]! << 8) | bytes[topicEnd + 1]! : 0
    const topic = bytes.toString('utf8', topicAt, topicEnd)
    this.#sink.publish(topic, bytes.subarray(payloadAt, end), (first & 1) === 1, id, (first & 0x08) !== 0)
  }

  #keep(rest: Buffer, needed: number): void {
    this.#pieces.push(rest)
    this.#pending = rest.length
    this.#needed = needed
  }

  #break(problem: string): void {
    this.#isBroken = true
    this.#sink.malformed(problem)
  }
}
