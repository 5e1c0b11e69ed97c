import type { StreamSink } from '../bus/index.ts'
import type { Configuration } from '../c37118/index.ts'
import { LinkError, type Server, type StreamFate, type StreamOutput } from '../link/index.ts'
import type { Log, Metrics } from '../runtime/service.ts'
import { EarlyExtras, type ExtraKind, type Extras } from './early-extras.ts'

interface ServedTopic {
  /** The subscription it came by; another that overlaps is not heard. */
  readonly sink: StreamSink
  readonly fate: StreamFate | undefined
  idcode: number
  configuration: readonly Uint8Array[]
  /** What else answers requests, by kind. */
  readonly extras: Extras
  /** Undefined while another stream has its IDCODE. */
  output: StreamOutput | undefined
}

/**
 * The streams of one server: which topic has which IDCODE. Two topics with one
 * IDCODE cannot be told apart by a PDC, so the later one waits, is said in the
 * log and counted, until the first is gone.
 */
export class ServedStreams {
  readonly #server: Server
  readonly #facts: { readonly server: string }
  readonly #log: Log
  readonly #metrics: Metrics
  readonly #topics = new Map<string, ServedTopic>()
  readonly #early: EarlyExtras

  constructor(
    server: Server,
    { id, log, metrics }: { readonly id: string; readonly log: Log; readonly metrics: Metrics },
  ) {
    this.#server = server
    this.#facts = { server: id }
    this.#log = log
    this.#metrics = metrics
    const dropped = metrics.counter(
      'phasorbus_pdc_adapter_extras_dropped_total',
      'Streams whose CFG-1, CFG-3 or header was let go: they waited for a configuration, and others for the room.',
      this.#facts,
    )
    this.#early = new EarlyExtras(() => dropped.add())
  }

  /**
   * One for each subscription: a stream belongs to the one it was first met by.
   * `fateOf` gives who is told of frames that a PDC let wait.
   */
  sink(fateOf?: (topic: string) => StreamFate): StreamSink {
    const sink: StreamSink = {
      configuration: (topic, fragments, configuration) => {
        if (!this.#isMine(topic, sink)) return
        this.#configuration({ sink, fate: fateOf?.(topic) }, topic, fragments, configuration)
      },
      data: (topic, frame) => {
        const served = this.#topics.get(topic)
        if (served?.sink === sink) served.output?.data(frame)
      },
      extra: (topic, kind, frames) => {
        if (this.#isMine(topic, sink)) this.#extra(topic, kind, frames)
      },
      retired: (topic) => {
        if (this.#isMine(topic, sink)) this.#retired(topic)
      },
    }
    return sink
  }

  /** Where the data of a stream go, and the configuration that describes them; undefined before the first of it. */
  of(topic: string): Pick<ServedTopic, 'output' | 'configuration'> | undefined {
    return this.#topics.get(topic)
  }

  #isMine(topic: string, sink: StreamSink): boolean {
    const served = this.#topics.get(topic)
    return served === undefined || served.sink === sink
  }

  #configuration(
    owner: Pick<ServedTopic, 'sink' | 'fate'>,
    topic: string,
    fragments: readonly Uint8Array[],
    { idcode }: Configuration,
  ): void {
    let served = this.#topics.get(topic)
    if (served && served.idcode !== idcode) this.#close(topic, served)
    if (!served) {
      served = {
        ...owner,
        idcode,
        configuration: fragments,
        extras: this.#early.take(topic) ?? new Map(),
        output: undefined,
      }
      this.#topics.set(topic, served)
    }
    served.idcode = idcode
    served.configuration = fragments
    if (served.output) served.output.configuration(fragments, true)
    else this.#open(topic, served)
  }

  #extra(topic: string, kind: ExtraKind, frames: readonly Uint8Array[]): void {
    const served = this.#topics.get(topic)
    if (!served) {
      this.#early.put(topic, kind, frames)
      return
    }
    served.extras.set(kind, frames)
    if (served.output) give(served.output, kind, frames)
  }

  #retired(topic: string): void {
    this.#early.take(topic)
    const served = this.#topics.get(topic)
    if (!served) return
    this.#topics.delete(topic)
    this.#close(topic, served)
    this.#metrics.forget({ ...this.#facts, stream: topic })
    this.#log.info({ ...this.#facts, stream: topic, idcode: served.idcode }, 'stream retired')
  }

  #open(topic: string, served: ServedTopic): void {
    const { idcode } = served
    try {
      served.output = this.#server.stream(idcode, served.fate)
    } catch (error) {
      if (!(error instanceof LinkError) || error.code !== 'LINK_IDCODE_TAKEN') throw error
      const [by] = [...this.#topics].find(([, other]) => other.idcode === idcode && other.output) ?? []
      this.#log.error({ ...this.#facts, stream: topic, idcode, servedAs: by }, 'IDCODE taken: stream not served')
      this.#collisions(topic).set(1)
      return
    }
    this.#collisions(topic).set(0)
    for (const [kind, frames] of served.extras) give(served.output, kind, frames)
    served.output.configuration(served.configuration, true)
    this.#log.info({ ...this.#facts, stream: topic, idcode }, 'stream served')
  }

  /** Its IDCODE is free: whoever waited for it is served. */
  #close(topic: string, served: ServedTopic): void {
    const { output, idcode } = served
    served.output = undefined
    if (!output) return
    output.close()
    for (const [other, waiting] of this.#topics) {
      if (other !== topic && waiting.idcode === idcode) this.#open(other, waiting)
    }
  }

  #collisions(topic: string): { set(value: number): void } {
    return this.#metrics.gauge(
      'phasorbus_pdc_adapter_idcode_taken',
      '1 while a stream is not served because another one has its IDCODE.',
      { ...this.#facts, stream: topic },
    )
  }
}

function give(output: StreamOutput, kind: ExtraKind, frames: readonly Uint8Array[]): void {
  if (kind !== 'header') output.configuration(frames)
  else if (frames[0]) output.header(frames[0])
}
