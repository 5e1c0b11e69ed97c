import { type Bus, StreamReader } from '../bus/index.ts'
import { type Configuration, decodeConfiguration, sameConfiguration } from '../c37118/index.ts'
import { type SharedInputs, type SourceConfig, startSource } from '../link/index.ts'
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
  configuration(name: string, configuration: Configuration, rules: MemberRules): void
  data(name: string, frame: Uint8Array): void
  /** Nothing comes of it now, and that is known. */
  away(name: string): void
  /** It is none any more. */
  gone(name: string): void
}

export interface InputDeps extends ServiceDeps {
  readonly bus: Bus
  readonly inputs?: SharedInputs
}

/** Reads all inputs of a PDC. One that two of them name belongs to the first. */
export function readInputs(
  all: readonly PdcInput[],
  sink: InputSink,
  deps: InputDeps,
): Running & { readonly ready: Promise<void> } {
  const owners = new Map<string, PdcInput>()
  const readers: StreamReader[] = []
  const sources: Running[] = []
  for (const input of all) {
    if ('streams' in input) readers.push(readStreams(input, owners, sink, deps))
    else sources.push(readSource(input, sink, deps))
  }
  const ready = Promise.all(readers.map(({ granted }) => granted)).then(() => {})
  // Need not be looked at: a refused subscription is in the log.
  ready.catch(() => {})
  deps.signal.addEventListener('abort', () => {
    for (const reader of readers) reader.close()
  })
  return { ready, done: Promise.all(sources.map(({ done }) => done)).then(() => {}) }
}

function readStreams(
  input: PdcInput & { readonly streams: string },
  owners: Map<string, PdcInput>,
  sink: InputSink,
  { bus, log, metrics }: InputDeps,
): StreamReader {
  const isMine = (topic: string): boolean => {
    if (!owners.has(topic)) owners.set(topic, input)
    return owners.get(topic) === input
  }
  return new StreamReader(
    {
      bus,
      filter: input.streams,
      sink: {
        configuration(topic, _fragments, configuration) {
          if (isMine(topic)) sink.configuration(topic, configuration, input.rules ?? {})
        },
        data(topic, frame) {
          if (owners.get(topic) === input) sink.data(topic, frame)
        },
        online(topic, online) {
          if (!online && owners.get(topic) === input) sink.away(topic)
        },
        retired(topic) {
          if (owners.get(topic) !== input) return
          owners.delete(topic)
          sink.gone(topic)
        },
      },
    },
    { log, metrics },
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
        sink.configuration(name, decodeConfiguration(fragments), rules)
      },
      data: (frame) => sink.data(name, frame),
      header() {},
      online() {},
      offline: () => sink.away(name),
    },
  })
}
