/** What is on disk of one stream, with what the logs add to it: segments, and how things stood at the end. */
import { type AppliedPlan, applyPlan, type LoadContext } from './apply-plan.ts'
import type { StreamMoment } from './journal-event.ts'
import { listSegments } from './list-segments.ts'
import type { StreamPlan } from './log-plan.ts'
import type { Segment } from './segment.ts'
import { readFirstEpoch, type SegmentFolder } from './segment-reader.ts'
import { nothingKnown } from './stream-moment.ts'
import { type Seen, surveySegment } from './survey-segment.ts'

export interface LoadedStream extends AppliedPlan {
  readonly topic: string
  readonly folder: string
  /** Oldest first. What the log adds to them is in their parts, sealed. */
  readonly segments: Segment[]
  readonly moment: StreamMoment
  /** The last frame, of a session that had not ended. */
  readonly seen: Seen | undefined
  /** The last run that had a frame of it closed the journal. */
  readonly clean: boolean
  /** Reporting period, where a configuration tells one. */
  readonly periodUs: number | undefined
  /** Files left of segments that are gone. */
  readonly orphans: readonly string[]
}

export async function loadStream(
  topic: string,
  place: SegmentFolder,
  plan: StreamPlan | undefined,
  context: LoadContext,
): Promise<LoadedStream> {
  const { segments, orphans } = await listSegments(place, context.memory)
  const applied = plan ? await applyPlan(place, segments, plan, context) : { cuts: [], doubts: [] }
  let moment: StreamMoment | undefined
  let seen: Seen | undefined
  let clean = true
  for (const segment of segments) {
    const survey = await surveySegment(place, segment, moment)
    moment = survey.moment
    seen = survey.seen
    clean = survey.ended
  }
  const last = segments.at(-1)
  const periodUs = last && (await readFirstEpoch(place, last))?.periodUs
  return { ...applied, topic, ...place, segments, orphans, moment: moment ?? nothingKnown, seen, clean, periodUs }
}
