/** What the bus says of an area now: streams, their states, and the nodes that carry and consume them. */
import { type Configuration, decodeConfiguration } from '../../../src/c37118/index.ts'
import {
  EpochGate,
  isConfiguration,
  meaningOf,
  type NodeState,
  parseNodeState,
  parseStreamState,
  type StreamState,
  splitPayload,
} from '../../../src/streams/index.ts'
import type { LiveAccess } from '../api/client.ts'
import { MeasurementBuffer } from '../scene/measurement-buffer.ts'
import type { Scene, SceneStream } from '../scene/scene.ts'
import { Arrivals } from './arrivals.ts'
import { connectLiveBus, type LiveBus } from './live-bus.ts'

/** Streams that are shown; of more, those that came first. */
const MAX_STREAMS = 512
const MAX_NODES = 256
/** Without a frame for so long, and four reporting periods, a stream is not online. */
const SILENT_MS = 1000

export class LiveStream implements SceneStream {
  readonly topic: string
  buffer: MeasurementBuffer | undefined
  configuration: Configuration | undefined
  /** As its nodes tell it. */
  readonly states = new Map<string, StreamState>()
  readonly arrivals = new Arrivals()
  readonly gate: EpochGate

  constructor(topic: string) {
    this.topic = topic
    this.gate = new EpochGate({
      configuration: (fragments) => {
        this.configuration = decodeConfiguration(fragments)
        this.buffer = new MeasurementBuffer(this.configuration)
      },
      data: (frame) => {
        this.buffer?.push(frame)
        if (this.buffer) this.arrivals.note(this.buffer.timeS)
      },
      dropped() {},
    })
  }

  get isOnline(): boolean {
    const says = this.states.size === 0 || [...this.states.values()].some(({ online }) => online)
    return says && this.isFlowing
  }

  get isFlowing(): boolean {
    const rate = this.buffer?.rate ?? 1
    return performance.now() - this.arrivals.lastMs < SILENT_MS + 4000 / rate
  }
}

export class LiveScene implements Scene {
  readonly kind = 'live'
  readonly bus: LiveBus | undefined
  /** By topic of the node. */
  readonly nodes = new Map<string, NodeState>()
  /** Messages that are none of the contract's, or cannot be read. */
  unreadable = 0
  readonly #streams = new Map<string, LiveStream>()
  #sorted: readonly LiveStream[] | undefined
  readonly #followed = new Map<string, number>()
  readonly #areas: readonly string[]

  constructor(access: LiveAccess, token: string | undefined, onChange: () => void) {
    this.#areas = access.areas
    if (access.url === undefined) return
    this.bus = connectLiveBus({ ...access, url: access.url }, token, {
      message: (topic, payload, isRetained) => this.#message(topic, payload, isRetained),
      changed: () => {
        if (this.bus && !this.bus.isConnected) for (const stream of this.#streams.values()) stream.gate.reconnected()
        onChange()
      },
    })
    this.bus.subscribe(
      this.#areas.flatMap((area) => [`${area}/+/+/PMU/+`, `${area}/+/+/+/+/state/+`, `${area}/+/+/NODE/+/state`]),
    )
  }

  get streams(): readonly LiveStream[] {
    this.#sorted ??= [...this.#streams.values()].sort((one, other) => (one.topic < other.topic ? -1 : 1))
    return this.#sorted
  }

  find(topic: string): LiveStream | undefined {
    return this.#streams.get(topic)
  }

  /** Of the newest frame of any stream, as long as frames come; a source's clock may be wrong, so no later than ours. */
  get nowS(): number {
    return Date.now() / 1000
  }

  follow(topic: string): () => void {
    // A link may name anything; and PMUs are followed anyhow.
    if (meaningOf(topic)?.kind !== 'frames' || topic.split('/')[3] === 'PMU') return () => {}
    const count = this.#followed.get(topic) ?? 0
    this.#followed.set(topic, count + 1)
    if (count === 0) this.bus?.subscribe([topic])
    return () => {
      const left = (this.#followed.get(topic) ?? 1) - 1
      if (left > 0) {
        this.#followed.set(topic, left)
        return
      }
      this.#followed.delete(topic)
      this.bus?.unsubscribe([topic])
    }
  }

  #message(topic: string, payload: Uint8Array, isRetained: boolean): void {
    const meaning = meaningOf(topic)
    try {
      if (meaning?.kind === 'frames') this.#frames(meaning.stream, payload, isRetained)
      else if (meaning?.kind === 'state') this.#state(meaning.stream, meaning.nodeId, payload)
      else if (meaning?.kind === 'node') this.#node(meaning.node, payload)
    } catch {
      // Anyone may publish anything: it costs itself, and is shown on the page Health.
      this.unreadable++
    }
  }

  #frames(topic: string, payload: Uint8Array, isRetained: boolean): void {
    if (payload.length === 0) {
      this.#retire(topic)
      return
    }
    const stream = this.#stream(topic)
    if (!stream) return
    const fragments: Uint8Array[] = []
    const isGood = splitPayload(payload, (frame) => {
      if (isConfiguration(frame)) fragments.push(frame.slice())
      else stream.gate.data(frame)
    })
    if (fragments.length > 0) stream.gate.configuration(fragments, isRetained)
    if (!isGood) this.unreadable++
  }

  #state(topic: string, nodeId: string, payload: Uint8Array): void {
    const stream = this.#stream(topic)
    if (payload.length === 0) stream?.states.delete(nodeId)
    else stream?.states.set(nodeId, parseStreamState(payload))
  }

  #node(node: string, payload: Uint8Array): void {
    if (payload.length === 0) this.nodes.delete(node)
    else if (this.nodes.has(node) || this.nodes.size < MAX_NODES) this.nodes.set(node, parseNodeState(payload))
  }

  #stream(topic: string): LiveStream | undefined {
    const known = this.#streams.get(topic)
    if (known || this.#streams.size >= MAX_STREAMS) return known
    const stream = new LiveStream(topic)
    this.#streams.set(topic, stream)
    this.#sorted = undefined
    return stream
  }

  #retire(topic: string): void {
    if (this.#streams.delete(topic)) this.#sorted = undefined
  }
}
