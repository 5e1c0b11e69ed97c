import { StreamProducer, type StreamProducerOptions } from '../bus/index.ts'
import { framesPerSecond } from '../c37118/index.ts'
import type { Journal } from '../journal/index.ts'
import type { Server } from '../link/index.ts'
import { utcMs } from '../runtime/clock.ts'
import type { Metrics } from '../runtime/service.ts'
import { type RevisedFrames, revisedTopic } from '../streams/index.ts'
import type { RevisionWays } from './output-revisions.ts'
import type { OutputSink } from './pdc-output.ts'

export interface OutputWays {
  /** Where it is published, and on record. */
  readonly producer?: StreamProducerOptions
  readonly journal?: Journal
  /** C37.118 clients take it for a PMU. */
  readonly server?: Server
  readonly idcode: number
}

/** So often the producer learns what the journal has. */
const TELL_MS = 5_000

/** An output on the bus, on record, and served over sockets. */
export function serveOutput(
  { producer: options, journal: files, server, idcode }: OutputWays,
  metrics: Metrics,
): OutputSink & { close(): void } {
  const producer = options && new StreamProducer(options, { metrics })
  const served = server?.stream(idcode)
  const journal = options && files?.stream(options.topic)
  const revisions =
    options &&
    files &&
    revisionsOf(options.topic, files, (frames) => {
      revised = frames
      tell()
    })
  let revised: RevisedFrames | undefined = revisions && { stream: revisions.stream, ranges: revisions.before }
  const tell = (): void => producer?.journal(journal?.span, revised)
  const telling = setInterval(tell, TELL_MS).unref()
  let isOnline = false
  return {
    ...(revisions && { revisions }),
    configuration({ inForce, config1, config3, header, configuration }) {
      journal?.configuration(inForce)
      for (const fragments of [config1, config3]) if (fragments) served?.configuration(fragments)
      served?.header(header)
      served?.configuration(inForce, true)
      producer?.configuration(inForce)
      if (config1) producer?.extra('config-1', config1)
      producer?.extra('config-3', config3)
      producer?.extra('header', [header])
      if (!isOnline) journal?.sessionBegan()
      isOnline = true
      producer?.state({ online: true, rate: framesPerSecond(configuration.dataRate) })
    },
    data(frame) {
      producer?.data(frame)
      served?.data(frame)
      journal?.data(frame)
    },
    figures: (figures) => producer?.figures(figures),
    close() {
      clearInterval(telling)
      if (isOnline) journal?.sessionEnded('stopped')
      producer?.close('stopped')
      served?.close()
    },
  }
}

/** So far back what an earlier run completed is told again: who was away then has not heard of it. */
const TOLD_AGAIN_US = 86_400_000_000

/** What completes frames of a stream is kept under a name of its own: it is in no order. */
function revisionsOf(
  topic: string,
  files: Journal,
  tell: (revised: RevisedFrames) => void,
): RevisionWays & { readonly stream: string } {
  const stream = revisedTopic(topic)
  const nowMs = Math.floor(utcMs())
  const hasAny = files.reader(stream)?.span !== undefined
  const range = { number: nowMs, from_us: nowMs * 1000 - TOLD_AGAIN_US, to_us: nowMs * 1000 }
  return {
    stream,
    journal: files.stream(stream),
    readers: () => [files.reader(stream), files.reader(topic)],
    before: hasAny ? [range] : [],
    announce: (ranges) => tell({ stream, ranges }),
  }
}
