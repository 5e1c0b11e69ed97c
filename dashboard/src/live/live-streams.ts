/** The streams of an area, as messages on the bus tell them; bounded, whatever is published. No socket. */
import { isConfiguration, splitPayload } from '../../../src/streams/index.ts'
import { RingRoom } from '../scene/ring-room.ts'
import { LiveStream, type StreamRoom } from './live-stream.ts'

/** Streams that are shown; of more, those that came first. */
export const MAX_STREAMS = 512
/** Frames of all streams that wait for their configuration. */
const MAX_HELD_BYTES = 16 * 2 ** 20
/** Of one configuration: CFG-3 of a large PDC comes in several frames of 64 KiB. */
const MAX_CONFIGURATION_BYTES = 2 ** 20
/** Nobody carries it, and no frame came for so long: another stream may have its place. */
const GONE_MS = 600_000

export class LiveStreams {
  /** Messages of streams that had no place. */
  refused = 0
  readonly #room: StreamRoom
  readonly #streams = new Map<string, LiveStream>()
  #sorted: readonly LiveStream[] | undefined

  constructor(rings = new RingRoom()) {
    this.#room = { held: { maxBytes: MAX_HELD_BYTES, usedBytes: 0 }, rings }
  }

  /** By topic. */
  get all(): readonly LiveStream[] {
    this.#sorted ??= [...this.#streams.values()].sort((one, other) => (one.topic < other.topic ? -1 : 1))
    return this.#sorted
  }

  /** Bytes of frames that wait for a configuration. */
  get heldBytes(): number {
    return this.#room.held.usedBytes
  }

  find(topic: string): LiveStream | undefined {
    return this.#streams.get(topic)
  }

  /** Whether all of it could be read. Empty: the stream is retired. */
  frames(topic: string, payload: Uint8Array, isRetained: boolean): boolean {
    if (payload.length === 0) {
      this.#remove(topic)
      return true
    }
    const stream = this.#stream(topic)
    if (!stream) return true
    const fragments: Uint8Array[] = []
    const isGood = splitPayload(payload, (frame) => {
      if (isConfiguration(frame)) fragments.push(frame.slice())
      else stream.gate.data(frame)
    })
    const bytes = fragments.reduce((sum, { length }) => sum + length, 0)
    if (bytes > MAX_CONFIGURATION_BYTES) return false
    if (fragments.length > 0) stream.gate.configuration(fragments, isRetained)
    return isGood
  }

  /** Throws where it cannot be read, or is refused. Empty: the node does not carry it any more. */
  state(topic: string, nodeId: string, payload: Uint8Array): void {
    if (payload.length === 0) this.#streams.get(topic)?.states.delete(nodeId)
    else this.#stream(topic)?.state(nodeId, payload)
  }

  lost(): void {
    for (const stream of this.#streams.values()) stream.lost()
  }

  dropUnconfirmed(): void {
    for (const stream of this.#streams.values()) stream.dropUnconfirmed()
  }

  #stream(topic: string): LiveStream | undefined {
    const known = this.#streams.get(topic)
    if (known) return known
    if (this.#streams.size >= MAX_STREAMS) {
      const gone = this.#gone()
      if (!gone) {
        this.refused++
        return undefined
      }
      this.#remove(gone.topic)
    }
    const stream = new LiveStream(topic, this.#room)
    this.#streams.set(topic, stream)
    this.#sorted = undefined
    return stream
  }

  #gone(): LiveStream | undefined {
    const beforeMs = performance.now() - GONE_MS
    for (const stream of this.#streams.values()) if (stream.lastMs <= beforeMs && !stream.isCarried) return stream
    return undefined
  }

  #remove(topic: string): void {
    const stream = this.#streams.get(topic)
    if (!stream) return
    stream.end()
    this.#streams.delete(topic)
    this.#sorted = undefined
  }
}
