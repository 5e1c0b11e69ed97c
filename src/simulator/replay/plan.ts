import type { RecordedEvent, RecordedStream } from './recording.ts'
import { clockOffsetUs, loopPeriodUs } from './time-shift.ts'

export interface PlannedEvent {
  readonly event: RecordedEvent
  /** Of the stream. */
  readonly index: number
  /** µs after the first event of the recording. */
  readonly atUs: number
}

/** What is sent when, for one round. */
export interface Plan {
  readonly streams: readonly RecordedStream[]
  /** In order of time. */
  readonly events: readonly PlannedEvent[]
  /** Capture time of the first event, µs since the UNIX epoch. */
  readonly startUs: number
  /** From the beginning of one round to that of the next. */
  readonly periodUs: number
  /** By how much each stream's timestamps are ahead of capture time. */
  readonly offsetsUs: readonly number[]
}

/**
 * Streams whose clocks are apart by more were not captured live, or one of
 * them was wrong: each is then taken by itself.
 */
const SAME_CLOCK_US = 60e6

export function createPlan(streams: readonly RecordedStream[]): Plan {
  const began = streams.map(({ events }) => events[0]!.atUs)
  const startUs = Math.min(...began)
  const events = streams.flatMap(({ events }, index) =>
    events.map((event): PlannedEvent => ({ event, index, atUs: event.atUs - startUs })),
  )
  const offsets = streams.map(({ events, configuration }) => clockOffsetUs(events, configuration.timeBase))
  const [first = 0] = offsets
  return {
    streams,
    events: events.toSorted((a, b) => a.atUs - b.atUs),
    startUs,
    periodUs: loopPeriodUs(streams),
    // Synchronised streams keep their instants together, whatever each one's latency was.
    offsetsUs: offsets.map((offset) => (Math.abs(offset - first) <= SAME_CLOCK_US ? first : offset)),
  }
}
