/**
 * Streams from the bus, as any consumer wants them: configuration first, each
 * data frame under the configuration of its own epoch, and told when a stream
 * comes, goes, or is retired.
 */
import { type Configuration, checksum, FrameType, frameTypeOf } from '../c37118/index.ts'
import { monotonicMs } from '../runtime/clock.ts'
import type { Counter, Log, Metrics } from '../runtime/service.ts'
import {
  ContractError,
  checkFilter,
  EpochGate,
  type EpochGateOptions,
  type HeldBudget,
  hasWildcard,
  isConfiguration,
  isOneFrame,
  meaningOf,
  nodeIdOf,
  parseStreamState,
  retainedTopics,
  type StreamState,
  type SubTopic,
  splitPayload,
  stateTopic,
  subTopics,
} from '../streams/index.ts'
import type { Bus, Subscription } from './bus.ts'
import { NodeWatch } from './node-watch.ts'
import { RetainedAsk } from './retained-ask.ts'
import { StreamStates } from './stream-states.ts'

/** Retired streams remembered, against a late delivery. */
const MAX_RETIRED = 10_000

/** Three times the heartbeat of a producer. */
const REPEATED_MS = 30_000

/** Held for configurations, over all streams of a reader. */
const MAX_HELD_BYTES = 64 * 1024 * 1024

/** What a reader gives. Calls are synchronous; frames are views that may be kept and must not be changed. */
export interface StreamSink {
  /** A new epoch: the data frames after this call are decoded by it. */
  configuration(stream: string, fragments: readonly Uint8Array[], configuration: Configuration): void
  /** One data frame, CHK checked, of the size its configuration gives. */
  data(stream: string, frame: Uint8Array): void
  /** CFG-1, all fragments of a CFG-3, or a header, where the source gives them. */
  extra?(stream: string, kind: SubTopic, frames: readonly Uint8Array[]): void
  /** Its state as one of its nodes has published it (`state.node`). See `online` for what they come to. */
  state?(stream: string, state: StreamState): void
  /** This node (a topic) says nothing of it any more. */
  left?(stream: string, node: string): void
  /** Its states and its nodes together: online while it is by one of them; called on every change. */
  online?(stream: string, online: boolean, reason: string | undefined): void
  /** Its retained configuration was cleared: it will not come back by itself. */
  retired?(stream: string): void
  /** Something came for it, or was held for it, that cannot be used. */
  unusable?(stream: string, reason: string, count: number): void
  /** The connection to the broker is gone; it is being made anew. */
  lost?(): void
}

export interface StreamReaderOptions extends Omit<EpochGateOptions, 'budget'> {
  readonly bus: Bus
  /** A stream topic `S`, or a filter over stream topics. */
  readonly filter: string
  readonly sink: StreamSink
  readonly qos?: 0 | 1
  /** Tells readers apart in the metrics. Default: the filter. */
  readonly name?: string
  /** Streams followed at once; those beyond are counted and ignored. Default 20,000. */
  readonly maxStreams?: number
}

export interface StreamReaderDeps {
  readonly log: Log
  readonly metrics: Metrics
}

interface Followed {
  readonly topic: string
  readonly gate: EpochGate
  readonly received: Counter
  readonly states: StreamStates
  /** Why it is offline, '' when it is not; `undefined` until a state was heard. */
  online: string | undefined
}

interface Route {
  readonly kind: 'frames' | SubTopic | 'state'
  readonly stream: Followed
  /** Whose state; '' where it is none. */
  readonly nodeId: string
  /** A message came live over this connection, so a retained one is older news. */
  live: boolean
}

export class StreamReader {
  readonly #options: StreamReaderOptions
  readonly #name: string
  readonly #sink: StreamSink
  readonly #deps: StreamReaderDeps
  readonly #maxStreams: number
  readonly #budget: HeldBudget = { maxBytes: MAX_HELD_BYTES, usedBytes: 0 }
  readonly #streams = new Map<string, Followed>()
  readonly #routes = new Map<string, Route>()
  /** Streams that were retired while this connection lasts. */
  readonly #retired = new Set<string>()
  readonly #subscriptions: readonly Subscription[]
  readonly #nodes: NodeWatch
  readonly #ask: RetainedAsk
  #forgetting: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: StreamReaderOptions, deps: StreamReaderDeps) {
    const { bus, filter, sink, qos = 1, maxStreams = 20_000, name = filter } = options
    this.#name = name
    this.#options = options
    this.#deps = deps
    this.#sink = sink
    this.#maxStreams = maxStreams
    this.#nodes = new NodeWatch(
      bus,
      (stream) => this.#judgeOnline(this.#streams.get(stream)),
      (node, error) => deps.log.debug({ ...error.facts, node }, 'unreadable node state'),
    )
    this.#ask = new RetainedAsk(bus, {
      topics: (stream) => [
        ...(hasWildcard(filter) ? retainedTopics(stream) : [stream]),
        ...(this.#streams.get(stream)?.states.nodeIds ?? []).map((nodeId) => stateTopic(stream, nodeId)),
      ],
      answer: (topic, payload) => this.#message(topic, payload, true),
      unanswered: (stream) => this.#streams.get(stream)?.gate.giveUp(),
      isWaiting: (stream) => this.#streams.get(stream)?.gate.waiting ?? false,
      clock: monotonicMs,
    })
    const handler = (topic: string, payload: Uint8Array, retained: boolean): void =>
      this.#message(topic, payload, retained)
    this.#subscriptions = filtersFor(checkFilter(filter)).map((each, index) =>
      bus.subscribe(
        each,
        handler,
        index === 0 ? { qos, onGranted: () => this.#granted(), onLost: () => this.#lost() } : { qos },
      ),
    )
  }

  /** Resolves when the broker has granted the subscriptions for the first time; rejects when it refuses one. */
  get granted(): Promise<void> {
    return Promise.all(this.#subscriptions.map(({ granted }) => granted)).then(() => {})
  }

  /** The configuration in force of a stream, as received. */
  configurationOf(stream: string): readonly Uint8Array[] | undefined {
    return this.#streams.get(stream)?.gate.fragments
  }

  /** No sink call after this. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#forgetting)
    for (const subscription of this.#subscriptions) subscription.close()
    this.#nodes.close()
    this.#ask.close()
  }

  #message(topic: string, payload: Uint8Array, retained: boolean): void {
    if (this.#closed) return
    const route = this.#routes.get(topic) ?? this.#meet(topic, payload, retained)
    if (!route) return
    const { kind, stream } = route
    // Of what is on `S` the gate knows better: data come live before the configuration does.
    if (kind !== 'frames') {
      if (retained && route.live) return
      if (!retained) route.live = true
      if (kind === 'state') this.#state(stream, route.nodeId, payload)
      else this.#extra(stream, kind, payload)
    } else if (!retained && isOneFrame(payload) && frameTypeOf(payload) === FrameType.data) this.#data(stream, payload)
    else if (payload.length === 0) this.#retire(stream)
    else this.#frames(stream, payload, retained)
  }

  #meet(topic: string, payload: Uint8Array, retained: boolean): Route | undefined {
    const meaning = meaningOf(topic)
    if (!meaning || meaning.kind === 'node') return undefined
    let stream = this.#streams.get(meaning.stream)
    // Neither the clearing of a stream that was never met nor what a slow broker still had of one that was retired.
    if (!stream && (payload.length === 0 || (retained && this.#retired.has(meaning.stream)))) return undefined
    if (!stream && this.#streams.size >= this.#maxStreams) {
      this.#drop('', 'too-many-streams')
      return undefined
    }
    stream ??= this.#follow(meaning.stream)
    this.#retired.delete(meaning.stream)
    const route = { kind: meaning.kind, stream, nodeId: meaning.kind === 'state' ? meaning.nodeId : '', live: false }
    this.#routes.set(topic, route)
    return route
  }

  #follow(topic: string): Followed {
    const { sink } = this.#options
    const gate = new EpochGate(
      {
        configuration: (fragments, configuration) => sink.configuration(topic, fragments, configuration),
        data: (frame) => sink.data(topic, frame),
        dropped: (count, reason) => this.#drop(topic, reason, count),
      },
      { ...this.#options, budget: this.#budget },
    )
    const received = this.#deps.metrics.counter(
      'phasorbus_reader_frames_total',
      'Data frames received from the bus, CHK right.',
      { stream: topic, reader: this.#name },
    )
    const stream: Followed = { topic, gate, received, states: new StreamStates(), online: undefined }
    this.#streams.set(topic, stream)
    return stream
  }

  #data(stream: Followed, frame: Uint8Array): void {
    // A frame followed by its own CRC gives 0.
    if (checksum(frame, 0, frame.length) !== 0) {
      this.#drop(stream.topic, 'bad-checksum')
      return
    }
    stream.received.add()
    stream.gate.data(frame)
    if (stream.gate.waiting) this.#ask.want(stream.topic)
  }

  /** Anything on `S` but a single live data frame. */
  #frames(stream: Followed, payload: Uint8Array, retained: boolean): void {
    let configuration: Uint8Array[] = []
    const settle = (): void => {
      if (configuration.length === 0) return
      stream.gate.configuration(configuration.map(copy), retained)
      configuration = []
    }
    const whole = splitPayload(payload, (frame) => {
      if (isConfiguration(frame)) {
        configuration.push(frame)
        return
      }
      settle()
      if (frameTypeOf(frame) !== FrameType.data) this.#drop(stream.topic, 'wrong-type')
      else if (retained) this.#drop(stream.topic, 'retained-data')
      else this.#data(stream, frame)
    })
    settle()
    if (!whole) this.#drop(stream.topic, 'not-frames')
  }

  #extra(stream: Followed, kind: SubTopic, payload: Uint8Array): void {
    if (payload.length === 0) return
    const frames: Uint8Array[] = []
    if (splitPayload(payload, (frame) => frames.push(copy(frame)))) this.#sink.extra?.(stream.topic, kind, frames)
    else this.#drop(stream.topic, 'not-frames')
  }

  #state(stream: Followed, nodeId: string, payload: Uint8Array): void {
    if (payload.length === 0) {
      this.#left(stream, nodeId)
      return
    }
    const state = this.#parseState(stream.topic, payload)
    if (!state) return
    if (nodeIdOf(state.node) !== nodeId || !stream.states.heard(nodeId, state)) {
      this.#drop(stream.topic, 'bad-state')
      return
    }
    this.#sink.state?.(stream.topic, state)
    if (this.#sink.online) this.#nodes.follow(state.node, stream.topic)
    this.#judgeOnline(stream)
  }

  #parseState(stream: string, payload: Uint8Array): StreamState | undefined {
    try {
      return parseStreamState(payload)
    } catch (error) {
      if (!(error instanceof ContractError)) throw error
      this.#drop(stream, 'bad-state')
      this.#deps.log.debug({ ...error.facts, stream }, 'unreadable stream state')
      return undefined
    }
  }

  #left(stream: Followed, nodeId: string): void {
    this.#routes.delete(stateTopic(stream.topic, nodeId))
    const state = stream.states.get(nodeId)
    if (!state) return
    stream.states.delete(nodeId)
    this.#nodes.leave(state.node, stream.topic)
    this.#sink.left?.(stream.topic, state.node)
    this.#judgeOnline(stream)
  }

  #judgeOnline(stream: Followed | undefined): void {
    if (!stream || (stream.states.size === 0 && stream.online === undefined)) return
    const offline = stream.states.offline((node) => this.#nodes.offline(node))
    const verdict = offline ?? ''
    if (stream.online === verdict) return
    stream.online = verdict
    this.#sink.online?.(stream.topic, offline === undefined, offline)
  }

  #retire(stream: Followed): void {
    this.#streams.delete(stream.topic)
    if (this.#retired.size < MAX_RETIRED) this.#retired.add(stream.topic)
    for (const topic of retainedTopics(stream.topic)) this.#routes.delete(topic)
    for (const nodeId of stream.states.nodeIds) {
      this.#routes.delete(stateTopic(stream.topic, nodeId))
      this.#nodes.leave(stream.states.get(nodeId)!.node, stream.topic)
    }
    stream.gate.reset()
    this.#deps.metrics.forget({ stream: stream.topic, reader: this.#name })
    this.#sink.retired?.(stream.topic)
  }

  #lost(): void {
    this.#retired.clear()
    for (const route of this.#routes.values()) route.live = false
    for (const { gate, states } of this.#streams.values()) {
      gate.reconnected()
      states.reconnected()
    }
    clearTimeout(this.#forgetting)
    this.#sink.lost?.()
  }

  /** What nodes said over an earlier connection, and do not repeat, holds no more: the broker may be another one. */
  #granted(): void {
    clearTimeout(this.#forgetting)
    this.#forgetting = setTimeout(() => {
      for (const stream of this.#streams.values()) {
        for (const nodeId of stream.states.unheard) this.#left(stream, nodeId)
      }
    }, REPEATED_MS).unref()
  }

  #drop(stream: string, reason: string, count = 1): void {
    const labels = { stream, reader: this.#name, reason }
    this.#deps.metrics
      .counter('phasorbus_reader_dropped_total', 'What a reader got from the bus and did not pass on.', labels)
      .add(count)
    if (count > 0 && stream !== '') this.#sink.unusable?.(stream, reason, count)
  }
}

/** `…/#` has everything below a stream; an exact stream, or one level each, needs its sub-topics named. */
function filtersFor(filter: string): string[] {
  if (filter.endsWith('#')) return [filter]
  return [filter, ...subTopics.map((sub) => `${filter}/${sub}`), stateTopic(filter, '+')]
}

/** Kept for long, and small: must not hold on to a whole socket read. */
const copy = (frame: Uint8Array): Uint8Array => new Uint8Array(frame)
