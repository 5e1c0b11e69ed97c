import { LiveConfig } from '../config/bus.ts'
import type { Metrics } from '../runtime/service.ts'
import {
  CONTRACT,
  encodeState,
  joinFrames,
  nodeIdOf,
  type PdcFigures,
  parseStreamTopic,
  type RevisedFrames,
  type StreamState,
  type SubTopic,
  stateTopic,
} from '../streams/index.ts'
import type { Bus } from './bus.ts'
import type { CarrierWatch } from './carrier-watch.ts'
import { RetainedLane } from './retained-lane.ts'
import { StreamLane } from './stream-lane.ts'

/** The state is said again this often: a reader on RabbitMQ learns so who carries the stream, and how far the journal is. */
const HEARTBEAT_MS = 10_000
/** Every so many heartbeats all that is retained is said again, lest somebody cleared it unseen. */
const FULL_HEARTBEATS = 3

export interface StreamProducerOptions {
  /** `S`: see `streamTopic`. */
  readonly topic: string
  /** Every broker that gets it; each on its own. */
  readonly buses: readonly Bus[]
  /** Topic of the node that carries it: see `nodeTopic`. */
  readonly node: string
  readonly live?: Partial<LiveConfig>
  /** Shared by all producers of a process. With it, what others do to the retained set is noticed. */
  readonly carriers?: CarrierWatch
}

export interface StreamProducerDeps {
  readonly metrics: Metrics
  /** Monotonic milliseconds; tests bring their own. */
  readonly clock?: () => number
}

/** What a node's journal has of a stream: µs since the UNIX epoch, [fromUs, toUs). */
export interface JournalSpan {
  readonly fromUs: number
  readonly toUs: number
}

/**
 * One stream on the bus: its retained set, published anew on every connect,
 * and its frames while they are live. Every call is synchronous; nothing here
 * waits for a broker.
 */
export class StreamProducer {
  readonly topic: string
  readonly #node: string
  readonly #metrics: Metrics
  readonly #payloads = new Map<string, Uint8Array>()
  readonly #sets: readonly RetainedLane[]
  readonly #lanes: readonly StreamLane[]
  #state: Pick<StreamState, 'online' | 'reason' | 'rate'> = { online: false, reason: 'starting', rate: null }
  #journal: JournalSpan | undefined
  #revised: RevisedFrames | undefined
  #pdc: PdcFigures | undefined
  #heartbeat: NodeJS.Timeout
  #heartbeats = 0
  #closed = false

  constructor(options: StreamProducerOptions, { metrics, clock }: StreamProducerDeps) {
    const { topic, buses, node, carriers } = options
    parseStreamTopic(topic)
    this.topic = topic
    this.#node = node
    this.#metrics = metrics
    const live = LiveConfig.parse(options.live ?? {})
    const isOnline = (): boolean => this.#state.online
    const set = {
      stream: topic,
      node,
      payloads: this.#payloads,
      carriers,
      get isOnline() {
        return isOnline()
      },
    }
    this.#sets = buses.map((bus) => new RetainedLane(bus, set))
    this.#lanes = buses.map((bus, i) => new StreamLane(topic, bus, this.#sets[i]!, live, { metrics, clock }))
    // A thousand streams do not speak in one turn.
    this.#heartbeat = setTimeout(this.#repeat, HEARTBEAT_MS * (0.1 + 0.9 * Math.random())).unref()
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
  extra(kind: SubTopic, frames: readonly Uint8Array[]): void {
    this.#retain(`${this.topic}/${kind}`, joinFrames(frames))
  }

  /** Whether frames come, why not, and how many per second by DATA_RATE. What is left out stays as it is. */
  state(change: { readonly online: boolean; readonly reason?: string; readonly rate?: number }): void {
    const { online, reason, rate = this.#state.rate } = change
    this.#state = { online, rate, ...(reason === undefined ? {} : { reason }) }
    this.#publishState()
  }

  /**
   * What the journal now has. Call it as often as it grows: it is published every
   * ten seconds and with every state. `revised`: what it has said anew, published
   * at once when there is more of it.
   */
  journal(span: JournalSpan | undefined, revised?: RevisedFrames): void {
    const isNews =
      (this.#journal === undefined) !== (span === undefined) ||
      revised?.ranges.at(-1)?.number !== this.#revised?.ranges.at(-1)?.number
    this.#journal = span
    this.#revised = revised
    if (isNews) this.#publishState()
  }

  /** What a PDC says of its stream: published every ten seconds and with every state. */
  figures(pdc: PdcFigures): void {
    this.#pdc = pdc
  }

  /** One data frame with a right CHK. It belongs to the bus from here on. */
  data(frame: Uint8Array): void {
    for (const lane of this.#lanes) lane.data(frame)
  }

  /**
   * The stream is no more: clears every retained topic it may have, also those
   * of an earlier run, so that no ghost joins a PDC; where another node carries
   * it, only this node's state. A broker that is away is cleared when it comes
   * back, as long as the bus lives.
   */
  retire(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#heartbeat)
    for (const set of this.#sets) set.retire()
    this.#metrics.forget({ stream: this.topic })
  }

  /** This process carries it no more, but the stream is not gone: its state says why. */
  close(reason: string): void {
    if (this.#closed) return
    this.state({ online: false, reason })
    this.#closed = true
    clearTimeout(this.#heartbeat)
    for (const set of this.#sets) set.close()
  }

  readonly #repeat = (): void => {
    this.#heartbeat = setTimeout(this.#repeat, HEARTBEAT_MS).unref()
    this.#heartbeats++
    this.#payloads.set(...this.#encodeState())
    for (const set of this.#sets) set.repeat(this.#heartbeats % FULL_HEARTBEATS === 0)
  }

  #publishState(): void {
    this.#retain(...this.#encodeState())
  }

  #encodeState(): [topic: string, payload: Uint8Array] {
    const [span, revised] = [this.#journal, this.#revised]
    const journal = span ? { from: isoTime(span.fromUs), to: isoTime(span.toUs), ...(revised && { revised }) } : null
    const pdc = this.#pdc && { pdc: this.#pdc }
    const state = { contract: CONTRACT, ...this.#state, node: this.#node, journal, ...pdc } as const
    return [stateTopic(this.topic, nodeIdOf(this.#node)), encodeState(state)]
  }

  #retain(topic: string, payload: Uint8Array): void {
    if (this.#closed) return
    this.#payloads.set(topic, payload)
    for (const set of this.#sets) set.changed(topic)
  }
}

const isoTime = (us: number): string => new Date(us / 1000).toISOString()
