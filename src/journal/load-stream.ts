/** What is on disk of one stream, with what the logs add to it: segments, and how things stood at the end. */
import { join } from 'node:path'
import { frameUs } from './epoch.ts'
import type { JournalEvent, StreamMoment } from './journal-event.ts'
import type { JournalFiles } from './journal-files.ts'
import { isMissing } from './journal-files.ts'
import type { StreamPlan } from './log-plan.ts'
import { isData } from './log-plan.ts'
import type { MemoryBound } from './memory-bound.ts'
import { parseSegmentName } from './paths.ts'
import { reconcileFrames, reconcileLines } from './reconcile.ts'
import { RunTrack } from './run-track.ts'
import { scanFrames } from './scan-frames.ts'
import { Segment } from './segment.ts'
import { epochIn, readBlocks, readEvents, readSegment, type SegmentFolder } from './segment-reader.ts'
import { momentAfter, nothingKnown } from './stream-moment.ts'

export interface LoadedStream {
  readonly topic: string
  readonly folder: string
  /** Oldest first. What the log adds to them is in their parts, sealed. */
  readonly segments: Segment[]
  readonly moment: StreamMoment
  /** The last run closed the journal. */
  readonly clean: boolean
  /** Files of which the end was torn: what is behind these lengths is to go. */
  readonly cuts: readonly { readonly path: string; readonly bytes: number }[]
  /** Between which frames the log was damaged; `null`: none came after it. */
  readonly holes: readonly LogHole[]
  /** Reporting period, where a configuration tells one. */
  readonly periodUs: number | undefined
}

export interface LogHole {
  readonly fromUs: number
  readonly toUs: number | null
  readonly bytes: number
}

/** Files left of segments that are gone. */
export interface Orphans {
  readonly paths: readonly string[]
}

export interface LoadContext {
  readonly memory: MemoryBound
  /** The clock of this node. */
  readonly nowUs: number
}

export async function loadStream(
  topic: string,
  place: SegmentFolder,
  plan: StreamPlan | undefined,
  { memory, nowUs }: LoadContext,
): Promise<LoadedStream & Orphans> {
  const { segments, orphans } = await listSegments(place, memory)
  const cuts: { path: string; bytes: number }[] = []
  const holes: LogHole[] = []
  if (plan) await addPlan(place, segments, plan, { memory, nowUs }, cuts, holes)

  let moment: StreamMoment | undefined
  let clean = true
  let periodUs: number | undefined
  for (const [i, segment] of segments.entries()) {
    const survey = await surveySegment(place, segment, moment, i === segments.length - 1)
    moment = survey.moment
    clean = survey.clean
    periodUs = survey.periodUs
  }
  return { topic, ...place, segments, moment: moment ?? nothingKnown, clean, cuts, holes, periodUs, paths: orphans }
}

async function listSegments(
  { folder, files }: SegmentFolder,
  memory: MemoryBound,
): Promise<{ segments: Segment[]; orphans: string[] }> {
  const byNumber = new Map<number, Segment>()
  const others: { path: string; kind: 'index' | 'events'; number: number; name: string }[] = []
  for (const { name } of await listOrNothing(files, folder)) {
    const parsed = parseSegmentName(name)
    if (!parsed) continue
    const path = join(folder, name)
    if (parsed.kind !== 'c37') {
      others.push({ path, kind: parsed.kind, number: parsed.number, name: `${parsed.firstUs}-${parsed.number}` })
      continue
    }
    const { bytes, changedUs } = await files.facts(path)
    const segment = new Segment(parsed.number, parsed.firstUs, changedUs, memory)
    segment.fileBytes = bytes
    segment.sealed = true
    byNumber.set(parsed.number, segment)
  }
  const orphans: string[] = []
  for (const { path, kind, number, name } of others) {
    const { bytes, changedUs } = await files.facts(path)
    let segment = byNumber.get(number)
    if (!segment && kind === 'events') {
      // Written before the frames were: they are in the log still.
      segment = new Segment(number, parseSegmentName(`${name}.c37`)!.firstUs, changedUs, memory)
      segment.sealed = true
      byNumber.set(number, segment)
    }
    if (!segment || segment.name !== name) orphans.push(path)
    else if (kind === 'events') segment.eventsBytes = bytes
    else segment.indexBytes = bytes
  }
  return { segments: [...byNumber.values()].sort((a, b) => a.number - b.number), orphans }
}

async function listOrNothing(files: JournalFiles, folder: string): Promise<{ readonly name: string }[]> {
  try {
    return (await files.list(folder)).filter((entry) => !entry.folder)
  } catch (error) {
    if (!isMissing(error)) throw error
    return []
  }
}

async function addPlan(
  place: SegmentFolder,
  segments: Segment[],
  plan: StreamPlan,
  context: LoadContext,
  cuts: { path: string; bytes: number }[],
  holes: LogHole[],
): Promise<void> {
  for (const [i, planned] of plan.segments.entries()) {
    const frames = Buffer.concat(planned.frames)
    const lines = Buffer.concat(planned.lines)
    if (frames.length === 0 && lines.length === 0 && planned.holes.length === 0) continue
    const based = plan.based || i > 0
    const segment = findOrBegin(segments, planned, frames, context)
    const from = based ? planned : await overlap(place, segment, frames, lines)
    const path = join(place.folder, segment.name)
    // What a file has lost since then stays a hole: no position moves.
    const haveFrames = await readSegment(place, segment, from.bytes, segment.fileBytes)
    const forFrames = reconcileFrames(haveFrames, frames)
    if (forFrames.keep < haveFrames.length) cuts.push({ path: `${path}.c37`, bytes: from.bytes + forFrames.keep })
    segment.fileBytes = from.bytes + forFrames.keep
    const haveLines = await readTail(place, `${path}.events`, from.events, segment.eventsBytes)
    const forLines = reconcileLines(haveLines, lines)
    if (forLines.keep < haveLines.length) cuts.push({ path: `${path}.events`, bytes: from.events + forLines.keep })
    segment.eventsBytes = from.events + forLines.keep
    segment.recovered(forFrames.append, forLines.append)
    for (const hole of planned.holes) {
      const timeBase = await timeBaseOf(place, segment)
      const before = planned.frames.slice(0, hole.after).findLast(isData)
      const next = planned.frames.slice(hole.after).find(isData)
      holes.push({
        fromUs: before ? frameUs(before, timeBase) + 1 : await endOf(place, segments, segment, planned.bytes),
        toUs: next ? frameUs(next, timeBase) : null,
        bytes: hole.bytes,
      })
    }
  }
}

function findOrBegin(
  segments: Segment[],
  { number, firstUs }: StreamPlan['segments'][number],
  frames: Uint8Array,
  { memory, nowUs }: LoadContext,
): Segment {
  const found = segments.find((segment) => segment.number === number)
  if (found) return found
  // The entry that began it is damaged, or the segment it was added to is gone.
  const inFrames = (): number => {
    const timeBase = epochIn(frames)?.timeBase ?? 0
    let us = 0
    scanFrames(
      frames,
      0,
      (frame) => (us ||= isData(frame) ? frameUs(frame, timeBase) : 0),
      () => {},
    )
    return us
  }
  const segment = new Segment(Math.max(1, number), firstUs ?? inFrames(), nowUs, memory)
  segment.sealed = true
  segments.push(segment)
  segments.sort((a, b) => a.number - b.number)
  return segment
}

/** Without a base: the longest end of the segment that the plan begins with. */
async function overlap(
  place: SegmentFolder,
  segment: Segment,
  frames: Uint8Array,
  lines: Uint8Array,
): Promise<{ bytes: number; events: number }> {
  const have = await readSegment(place, segment, 0, segment.fileBytes)
  const haveLines = await readTail(place, join(place.folder, `${segment.name}.events`), 0, segment.eventsBytes)
  return { bytes: beginOfOverlap(have, frames), events: beginOfOverlap(haveLines, lines) }
}

function beginOfOverlap(have: Uint8Array, planned: Uint8Array): number {
  for (let at = Math.max(0, have.length - planned.length); at < have.length; at++) {
    if (have[at] === planned[0] && Buffer.compare(have.subarray(at), planned.subarray(0, have.length - at)) === 0)
      return at
  }
  return have.length
}

async function readTail({ files }: SegmentFolder, path: string, from: number, to: number): Promise<Uint8Array> {
  if (from >= to) return new Uint8Array(0)
  return (await files.readWhole(path)).subarray(from, to)
}

async function timeBaseOf(place: SegmentFolder, segment: Segment): Promise<number> {
  const bytes = await readSegment(place, segment, 0, Math.min(segment.end, 1024 * 1024))
  return epochIn(bytes)?.timeBase ?? 0
}

/** Behind the last data frame before a place of the journal. */
async function endOf(
  place: SegmentFolder,
  segments: readonly Segment[],
  segment: Segment,
  bytes: number,
): Promise<number> {
  for (const earlier of segments.filter(({ number }) => number <= segment.number).toReversed()) {
    const end = earlier === segment ? bytes : earlier.end
    const timeBase = await timeBaseOf(place, earlier)
    let lastUs: number | undefined
    scanFrames(
      await readSegment(place, earlier, Math.max(0, end - TAIL_BYTES), end),
      0,
      (frame) => {
        if (isData(frame)) lastUs = frameUs(frame, timeBase)
      },
      () => {},
    )
    if (lastUs !== undefined) return lastUs + 1
  }
  return 0
}

/** More than the largest frame. */
const TAIL_BYTES = 128 * 1024

interface Survey {
  readonly moment: StreamMoment
  readonly clean: boolean
  readonly periodUs: number | undefined
}

/** Learns what a segment holds: from its event record, and where that does not tell from its frames. */
async function surveySegment(
  place: SegmentFolder,
  segment: Segment,
  before: StreamMoment | undefined,
  isLast: boolean,
): Promise<Survey> {
  const events = await readEvents(place, segment)
  const header = events.find((event) => event?.event === 'segment')
  const begin = header?.moment ?? before ?? nothingKnown
  segment.coverFromUs = begin.run?.lastUs ?? Number.NEGATIVE_INFINITY
  const ends = events.findLast((event) => event?.event === 'sealed')
  const endings = events.filter((event) => event?.event === 'stopped' || event?.event === 'unclean-stop')
  if (ends && events.at(-1)?.event !== undefined) {
    segment.takeSums(ends)
    if (segment.parts.length === 0) segment.fileBytes = Math.max(segment.fileBytes, ends.bytes)
    const { moment } = ends
    segment.coverToUs = Math.max(segment.spanToUs, moment.run?.lastUs ?? Number.NEGATIVE_INFINITY)
    return {
      moment,
      clean: !isLast || endings.length > 0,
      periodUs: isLast ? await periodOf(place, segment) : undefined,
    }
  }
  return scanSegment(place, segment, events, begin)
}

async function scanSegment(
  place: SegmentFolder,
  segment: Segment,
  events: readonly (JournalEvent | undefined)[],
  begin: StreamMoment,
): Promise<Survey> {
  let moment = begin
  let spanFromUs = begin.online ? (begin.run?.lastUs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
  let spanToUs = Number.NEGATIVE_INFINITY
  for (const event of events) {
    if (!event) continue
    moment = momentAfter(moment, event)
    if (event.event === 'segment' || !moment.run) continue
    spanFromUs = Math.min(spanFromUs, moment.run.firstUs)
    spanToUs = Math.max(spanToUs, moment.run.lastUs)
  }
  const periodUs = await periodOf(place, segment)
  const track = moment.run ? new RunTrack(moment.run.firstUs, moment.run.lastUs) : undefined
  if (track) track.periodUs = periodUs ?? 0
  const blocks = await readBlocks(place, segment, track)
  if (moment.online && moment.run && track && track.firstUs >= moment.run.firstUs) {
    const lastUs = Math.max(moment.run.lastUs, track.lastUs)
    moment = { ...moment, run: { firstUs: Math.min(track.firstUs, lastUs), lastUs } }
    spanToUs = Math.max(spanToUs, lastUs)
  }
  const sum = { bytes: segment.end, frames: 0, minUs: Number.POSITIVE_INFINITY, maxUs: Number.NEGATIVE_INFINITY }
  for (const { frames, minUs, maxUs } of blocks) {
    if (frames === 0) continue
    sum.frames += frames
    sum.minUs = Math.min(sum.minUs, minUs)
    sum.maxUs = Math.max(sum.maxUs, maxUs)
  }
  segment.takeSums({ ...sum, spanFromUs: Math.min(spanFromUs, spanToUs), spanToUs })
  segment.coverToUs = Math.max(spanToUs, moment.run?.lastUs ?? Number.NEGATIVE_INFINITY)
  return { moment, clean: false, periodUs }
}

async function periodOf(place: SegmentFolder, segment: Segment): Promise<number | undefined> {
  return epochIn(await readSegment(place, segment, 0, Math.min(segment.end, 256 * 1024)))?.periodUs
}
