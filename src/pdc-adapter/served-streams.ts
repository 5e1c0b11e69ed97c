import type { StreamSink } from '../bus/index.ts'
import type { Configuration } from '../c37118/index.ts'
import { LinkError, type Server, type StreamOutput } from '../link/index.ts'
import type { Log, Metrics } from '../runtime/service.ts'

interface ServedTopic {
  /** The subscription it came by; another that overlaps is not heard. */
  readonly sink: StreamSink
  idcode: number
  configuration: readonly Uint8Array[]
  /** What else answers requests, by kind. */
  readonly extras: Map<ExtraKind, readonly Uint8Array[]>
  /** Undefined while another stream has its IDCODE. */
  output: StreamOutput | undefined
}

type ExtraKind = Parameters<NonNullable<StreamSink['extra']>>[1]

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
  /** Extras that came before the configuration did. */
  readonly #early = new Map<string, Map<ExtraKind, readonly Uint8Array[]>>()

  constructor(
    server: Server,
    { id, log, metrics }: { readonly id: string; readonly log: Log; readonly metrics: Metrics },
  ) {
    this.#server = server
    this.#facts = { server: id }
    this.#log = log
    this.#metrics = metrics
  }

  /** One for each subscription: a stream belongs to the one it was first met by. */
  sink(): StreamSink {
    const sink: StreamSink = {
      configuration: (topic, fragments, configuration) => {
        if (this.#isMine(topic, sink)) this.#configuration(sink, topic, fragments, configuration)
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

  #isMine(topic: string, sink: StreamSink): boolean {
    const served = this.#topics.get(topic)
    return served === undefined || served.sink === sink
  }

  #configuration(sink: StreamSink, topic: string, fragments: readonly Uint8Array[], { idcode }: Configuration): void {
    let served = this.#topics.get(topic)
    if (served && served.idcode !== idcode) this.#close(topic, served)
    if (!served) {
      served = {
        sink,
        idcode,
        configuration: fragments,
        extras: this.#early.get(topic) ?? new Map(),
        output: undefined,
      }
      this.#early.delete(topic)
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
      const early = this.#early.get(topic) ?? new Map<ExtraKind, readonly Uint8Array[]>()
      this.#early.set(topic, early.set(kind, frames))
      return
    }
    served.extras.set(kind, frames)
    if (served.output) give(served.output, kind, frames)
  }

  #retired(topic: string): void {
    this.#early.delete(topic)
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
      served.output = this.#server.stream(idcode)
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
