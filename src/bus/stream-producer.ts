import { LiveConfig } from '../config/bus.ts'
import type { Metrics } from '../runtime/service.ts'
import {
  CONTRACT,
  encodeState,
  joinFrames,
  parseStreamTopic,
  type StreamState,
  type SubTopic,
  stateTopic,
} from '../streams/index.ts'
import type { Bus } from './bus.ts'
import { retireStream } from './retire-stream.ts'
import { StreamLane } from './stream-lane.ts'

export interface StreamProducerOptions {
  /** `S`: see `streamTopic`. */
  readonly topic: string
  /** Every broker that gets it; each on its own. */
  readonly buses: readonly Bus[]
  /** Node topics named in the stream's state: see `nodeTopic`. */
  readonly nodes: readonly string[]
  readonly live?: Partial<LiveConfig>
}

export interface StreamProducerDeps {
  readonly metrics: Metrics
  /** Monotonic milliseconds; tests bring their own. */
  readonly clock?: () => number
}

/**
 * One stream on the bus: its retained set, published anew on every connect,
 * and its frames while they are live. Every call is synchronous; nothing here
 * waits for a broker.
 */
export class StreamProducer {
  readonly topic: string
  readonly #options: StreamProducerOptions
  readonly #metrics: Metrics
  readonly #retained = new Map<string, Uint8Array>()
  readonly #lanes: readonly StreamLane[]
  #state: Pick<StreamState, 'online' | 'reason' | 'rate'> = { online: false, reason: 'starting', rate: null }
  #closed = false

  constructor(options: StreamProducerOptions, { metrics, clock }: StreamProducerDeps) {
    parseStreamTopic(options.topic)
    this.topic = options.topic
    this.#options = options
    this.#metrics = metrics
    const live = LiveConfig.parse(options.live ?? {})
    this.#lanes = options.buses.map(
      (bus) => new StreamLane(options.topic, bus, this.#retained, live, { metrics, clock }),
    )
    this.#publishState()
  }

  /**
   * The configuration now in force: a CFG-2, or all fragments of a CFG-3 where
   * CFG-2 cannot hold it. Data given after this call belongs to it.
   */
  configuration(fragments: readonly Uint8Array[]): void {
    this.#retain(this.topic, joinFrames(fragments))
  }

  /** What else the source gave: CFG-1, CFG-3 (all fragments), header. */
  extra(kind: Exclude<SubTopic, 'state'>, frames: readonly Uint8Array[]): void {
    this.#retain(`${this.topic}/${kind}`, joinFrames(frames))
  }

  /** Whether frames come, why not, and how many per second by DATA_RATE. What is left out stays as it is. */
  state(change: { readonly online: boolean; readonly reason?: string; readonly rate?: number }): void {
    const { online, reason, rate = this.#state.rate } = change
    this.#state = { online, rate, ...(reason === undefined ? {} : { reason }) }
    this.#publishState()
  }

  /** One data frame with a right CHK. It belongs to the bus from here on. */
  data(frame: Uint8Array): void {
    for (const lane of this.#lanes) lane.data(frame)
  }

  /**
   * The stream is no more: clears every retained topic it may have, also those
   * of an earlier run, so that no ghost joins a PDC. A broker that is away is
   * cleared when it comes back, as long as the bus lives.
   */
  retire(): void {
    if (this.#closed) return
    this.#closed = true
    for (const lane of this.#lanes) lane.close()
    for (const bus of this.#options.buses) retireStream(this.topic, bus)
    this.#metrics.forget({ stream: this.topic })
  }

  /** This process carries it no more, but the stream is not gone: its state says why. */
  close(reason: string): void {
    if (this.#closed) return
    this.state({ online: false, reason })
    this.#closed = true
    for (const lane of this.#lanes) lane.close()
  }

  #publishState(): void {
    const { nodes } = this.#options
    this.#retain(stateTopic(this.topic), encodeState({ contract: CONTRACT, ...this.#state, nodes, journal: null }))
  }

  #retain(topic: string, payload: Uint8Array): void {
    if (this.#closed) return
    this.#retained.set(topic, payload)
    for (const lane of this.#lanes) lane.changed(topic)
  }
}
