/** Learns what a segment holds: from its event record, and where that does not tell from its frames. */
import { timesOfRun } from './event-times.ts'
import type { JournalEvent, StreamMoment } from './journal-event.ts'
import { RunTrack } from './run-track.ts'
import type { Segment } from './segment.ts'
import { readBlocks, readEvents, readFirstEpoch, type SegmentFolder } from './segment-reader.ts'
import { momentAfter, nothingKnown } from './stream-moment.ts'

/** The last frame of a session that had not ended, when a segment did. */
export interface Seen {
  /** In its own time. */
  readonly lastUs: number
  /** When it came by the clock of this node, as the session tells the difference of the two; */
  readonly byNodeUs: number
  /** as it told at this time of that clock. */
  readonly anchorUs: number
}

export interface Survey {
  /** How things stood at its end. */
  readonly moment: StreamMoment
  readonly seen: Seen | undefined
  /** It says that its process closed the journal, or was found not to have. */
  readonly ended: boolean
}

/** Fills in the sums of a segment. `before`: how things stood at the end of the one before. */
export async function surveySegment(
  place: SegmentFolder,
  segment: Segment,
  before: StreamMoment | undefined,
): Promise<Survey> {
  const events = await readEvents(place, segment)
  const begin = events.find((event) => event?.event === 'segment')?.moment ?? before ?? nothingKnown
  segment.coverFromUs = begin.run?.lastUs ?? Number.NEGATIVE_INFINITY
  const seal = events.findLast((event) => event?.event === 'sealed')
  // With its last line damaged it may say less than it did.
  const moment = seal && events.at(-1) ? seal.moment : await scan(place, segment, events, begin)
  if (seal && events.at(-1)) {
    segment.takeSums(seal)
    if (segment.parts.length === 0) segment.fileBytes = Math.max(segment.fileBytes, seal.bytes)
  }
  for (const event of events) segment.says(event)
  segment.saysOf(timesOfRun(moment.run))
  segment.coverToUs = Math.max(segment.spanToUs, moment.run?.lastUs ?? Number.NEGATIVE_INFINITY)
  const ended = events.some((event) => event?.event === 'stopped' || event?.event === 'unclean-stop')
  return { moment, seen: lastSeen(events, moment), ended: ended && seal !== undefined }
}

function lastSeen(events: readonly (JournalEvent | undefined)[], { online, run }: StreamMoment): Seen | undefined {
  let anchor: { readonly atUs: number; readonly us: number } | undefined
  for (const event of events) {
    if (event?.event === 'session-began') anchor = { atUs: event.atUs, us: event.firstUs }
    if (event?.event === 'time-stepped') anchor = { atUs: event.atUs, us: event.nextUs }
    if (event?.event === 'segment' && event.moment.online && event.moment.run) {
      anchor = { atUs: event.atUs, us: event.moment.run.lastUs }
    }
  }
  if (!online || !run || !anchor) return undefined
  return { lastUs: run.lastUs, byNodeUs: run.lastUs + anchor.atUs - anchor.us, anchorUs: anchor.atUs }
}

async function scan(
  place: SegmentFolder,
  segment: Segment,
  events: readonly (JournalEvent | undefined)[],
  begin: StreamMoment,
): Promise<StreamMoment> {
  let moment = begin
  let spanFromUs = (begin.online && begin.run?.lastUs) || Number.POSITIVE_INFINITY
  let spanToUs = Number.NEGATIVE_INFINITY
  for (const event of events) {
    if (!event) continue
    moment = momentAfter(moment, event)
    if (event.event === 'segment' || !moment.run) continue
    spanFromUs = Math.min(spanFromUs, moment.run.firstUs)
    spanToUs = Math.max(spanToUs, moment.run.lastUs)
  }
  const track = moment.run ? new RunTrack(moment.run.firstUs, moment.run.lastUs) : undefined
  if (track) track.periodUs = (await readFirstEpoch(place, segment))?.periodUs ?? 0
  const blocks = (await readBlocks(place, segment, track)).filter(({ frames }) => frames > 0)
  if (moment.online && moment.run && track && track.firstUs >= moment.run.firstUs) {
    const lastUs = Math.max(moment.run.lastUs, track.lastUs)
    moment = { ...moment, run: { firstUs: Math.min(track.firstUs, lastUs), lastUs } }
    spanToUs = Math.max(spanToUs, lastUs)
  }
  segment.takeSums({
    bytes: segment.end,
    frames: blocks.reduce((sum, { frames }) => sum + frames, 0),
    minUs: blocks.reduce((min, { minUs }) => Math.min(min, minUs), Number.POSITIVE_INFINITY),
    maxUs: blocks.reduce((max, { maxUs }) => Math.max(max, maxUs), Number.NEGATIVE_INFINITY),
    spanFromUs: Math.min(spanFromUs, spanToUs),
    spanToUs,
  })
  return moment
}
