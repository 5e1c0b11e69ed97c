import type { Bus } from '../bus/index.ts'
import { type Configuration, decodeConfiguration, sameConfiguration } from '../c37118/index.ts'
import type { RecoverySettings } from '../config/recovery.ts'
import { filterMatches } from '../config/topic-filter.ts'
import { type SharedInputs, type SourceConfig, startSource } from '../link/index.ts'
import {
  type Consumer,
  type HeldStore,
  type LateTaken,
  type SessionSettings,
  startConsumer,
} from '../recovery/index.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import type { MemberRules } from './members.ts'

/** Where frames come from: streams of the bus, by topic or filter, or a device of which this is the PDC. */
export type PdcInput = { readonly rules?: MemberRules } & (
  | { readonly streams: string }
  | { readonly name: string; readonly source: SourceConfig }
)

/** Who takes what comes in. Calls are synchronous. */
export interface InputSink {
  /** An input is there, or has another configuration; its frames from now on are of it. */
  configuration(name: string, configuration: Configuration, rules: MemberRules, fragments: readonly Uint8Array[]): void
  /** `false`: no output has its configuration yet. */
  data(name: string, frame: Uint8Array): boolean
  /** A frame that was missed, of the configuration that these fragments are. */
  late(name: string, frame: Uint8Array, fragments: readonly Uint8Array[]): LateTaken
  /** A frame that completes one that came before. `false`: not now. */
  revised(name: string, frame: Uint8Array, fragments: readonly Uint8Array[]): boolean
  /** Late frames of it that would be taken now. */
  lateRoom(name: string): number
  /** Something came for it that cannot be used. */
  unusable(name: string, reason: string, count: number): void
  /** Nothing comes of it now, and that is known. */
  away(name: string): void
  /** It is none any more. */
  gone(name: string): void
}

export interface InputDeps extends ServiceDeps {
  readonly bus: Bus
  /** A connection of its own for what is replayed. Default: `bus`. */
  readonly replayBus?: Bus
  readonly session?: SessionSettings
  /** Keeps what came over restarts. */
  readonly held?: HeldStore
  /** Where devices share ports. */
  readonly inputs?: SharedInputs
}

export interface InputOptions {
  /** Of the PDC. */
  readonly id: string
  readonly inputs: readonly PdcInput[]
  readonly recovery: RecoverySettings
  /** Topics of its own outputs: none of its inputs, whatever the filters say. */
  readonly own: ReadonlySet<string>
}

export interface PdcInputs extends Running {
  readonly ready: Promise<void>
  /** Undefined where no input is of the bus. */
  readonly consumer: Consumer | undefined
}

/** Reads all inputs of a PDC. One that two of them name belongs to the first. */
export function readInputs(options: InputOptions, sink: InputSink, deps: InputDeps): PdcInputs {
  const streams: StreamsInput[] = []
  const sources: Running[] = []
  for (const input of options.inputs) {
    if ('streams' in input) streams.push(input)
    else sources.push(readSource(input, sink, deps))
  }
  const consumer = streams.length > 0 ? readStreams(streams, options, sink, deps) : undefined
  const done = Promise.all([...sources, ...(consumer ? [consumer] : [])].map(({ done }) => done))
  return { consumer, ready: consumer?.ready ?? Promise.resolve(), done: done.then(() => {}) }
}

type StreamsInput = PdcInput & { readonly streams: string }

function readStreams(
  inputs: readonly StreamsInput[],
  { id, recovery, own }: InputOptions,
  sink: InputSink,
  deps: InputDeps,
): Consumer {
  const rulesOf = (topic: string): MemberRules =>
    inputs.find(({ streams }) => filterMatches(streams, topic))?.rules ?? {}
  return startConsumer(
    { id, streams: inputs.map(({ streams }) => streams), recovery },
    {
      ...deps,
      sink: {
        configuration(topic, fragments, configuration) {
          if (!own.has(topic)) sink.configuration(topic, configuration, rulesOf(topic), fragments)
        },
        live(topic, frame) {
          return !own.has(topic) && sink.data(topic, frame)
        },
        // Judged by each output, and counted.
        outside(topic, frame) {
          if (!own.has(topic)) sink.data(topic, frame)
        },
        late: (topic, frame, fragments) => sink.late(topic, frame, fragments),
        lateRoom: (topic) => sink.lateRoom(topic),
        revised: (topic, frame, fragments) => sink.revised(topic, frame, fragments),
        online(topic, online) {
          if (!online) sink.away(topic)
        },
        unusable(topic, reason, count) {
          if (!own.has(topic)) sink.unusable(topic, reason, count)
        },
        retired: (topic) => sink.gone(topic),
      },
    },
  )
}

function readSource(
  { name, source, rules = {} }: PdcInput & { readonly source: SourceConfig; readonly name: string },
  sink: InputSink,
  deps: InputDeps,
): Running {
  let inForce: readonly Uint8Array[] | undefined
  return startSource(source, {
    ...deps,
    stream: name,
    sink: {
      configuration(fragments, isInForce) {
        if (!isInForce || (inForce && sameConfiguration(inForce, fragments))) return
        inForce = fragments
        sink.configuration(name, decodeConfiguration(fragments), rules, fragments)
      },
      data(frame) {
        sink.data(name, frame)
      },
      unusable: (reason) => sink.unusable(name, reason, 1),
      header() {},
      online() {},
      offline: () => sink.away(name),
    },
  })
}
