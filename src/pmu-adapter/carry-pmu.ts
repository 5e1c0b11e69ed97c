import { type CarrierWatch, StreamProducer } from '../bus/index.ts'
import { decodeConfiguration, FrameType, framesPerSecond, frameTypeOf, sameConfiguration } from '../c37118/index.ts'
import type { StreamJournal } from '../journal/index.ts'
import { type OfflineReason, type SharedInputs, type SourceSink, startSource } from '../link/index.ts'
import { retryUntilAborted } from '../runtime/retry.ts'
import type { AdaptedPmu, PmuAdapterDeps } from './pmu-adapter.ts'

/** A source that failed in a way it does not know is begun anew, no more often than this. */
const afterFailure = { firstDelayMs: 1_000, maxDelayMs: 60_000 }

/** So often the producer learns what the journal has. */
const TELL_SPAN_MS = 5_000

export interface CarryDeps extends PmuAdapterDeps {
  readonly inputs: SharedInputs
  readonly carriers: CarrierWatch
}

/** One PMU to its topic, until the abort. Never rejects: its failure is its own. */
export async function carryPmu({ topic, source, live }: AdaptedPmu, deps: CarryDeps): Promise<void> {
  const { signal, log, metrics, buses, node, inputs, carriers } = deps
  const producer = new StreamProducer({ topic, buses, node, live, carriers }, { metrics })
  const kept = deps.journal?.stream(topic)
  const sink = publishTo(producer, kept, deps.journal?.writesAtOnce ?? false)
  const tellSpan = (): void => producer.journal(kept?.span)
  tellSpan()
  const telling = setInterval(tellSpan, TELL_SPAN_MS).unref()
  // In this very turn: the bus lets out what is published now, and then ends.
  signal.addEventListener('abort', sink.stop, { once: true })
  await retryUntilAborted(
    async (established) => {
      const { done } = startSource(source, { signal, log, metrics, inputs, stream: topic, sink })
      established()
      await done
    },
    {
      ...afterFailure,
      signal,
      onFailure(error, delayMs) {
        sink.failed()
        log.error({ stream: topic, error, delayMs: Math.round(delayMs) }, 'a PMU failed; it is started anew')
      },
    },
  )
  clearInterval(telling)
  sink.stop()
}

interface PublishingSink extends SourceSink {
  /** The source ended in a way it does not know. */
  failed(): void
  /** Says so on the bus; nothing is published after it. */
  readonly stop: () => void
}

/**
 * What comes from a PMU goes to its topics and to its journal: live first,
 * unless each frame is to be on record before anybody sees it. A configuration
 * that is the one already published is not published again.
 */
function publishTo(producer: StreamProducer, kept: StreamJournal | undefined, recordFirst: boolean): PublishingSink {
  let stopped = false
  const published = new Map<string, readonly Uint8Array[]>()
  let online = false
  /** The frame that comes next is the first of a session. */
  let isFirst = false
  let rate: number | undefined
  const isNew = (kind: string, fragments: readonly Uint8Array[]): boolean => {
    const before = published.get(kind)
    if (before && sameConfiguration(before, fragments)) return false
    published.set(kind, fragments)
    return true
  }

  const withRate = <S extends object>(state: S): S & { rate?: number } =>
    rate === undefined ? state : { ...state, rate }

  return {
    data(frame) {
      if (recordFirst) kept?.data(frame)
      if (!stopped) producer.data(frame)
      if (!recordFirst) kept?.data(frame)
      if (isFirst) {
        isFirst = false
        producer.journal(kept?.span)
      }
    },
    unusable: (reason) => kept?.unusable(reason),
    configuration(fragments, inForce) {
      const first = fragments[0]
      if (!first) return
      const type = frameTypeOf(first)
      if (type === FrameType.config1 && isNew('config-1', fragments)) producer.extra('config-1', fragments)
      if (type === FrameType.config3 && isNew('config-3', fragments)) producer.extra('config-3', fragments)
      if (inForce) kept?.configuration(fragments)
      if (!inForce || !isNew('in-force', fragments)) return
      producer.configuration(fragments)
      // A DATA_RATE of 0 says nothing.
      rate = framesPerSecond(decodeConfiguration(fragments).dataRate) || undefined
      if (online) producer.state(withRate({ online }))
    },
    header: (frame) => {
      if (isNew('header', [frame])) producer.extra('header', [frame])
    },
    online() {
      online = true
      isFirst = true
      kept?.sessionBegan()
      producer.state(withRate({ online }))
    },
    offline(reason: OfflineReason) {
      online = false
      kept?.sessionEnded(reason.code)
      producer.state(withRate({ online, reason: reason.code }))
    },
    failed() {
      online = false
      kept?.sessionEnded('failed')
      producer.state({ online, reason: 'failed' })
    },
    stop() {
      stopped = true
      producer.close('stopped')
    },
  }
}
