/** Adds to the segments of a stream what the logs have and they have not. Writes nothing. */
import { join } from 'node:path'
import { FrameType, frameTypeOf } from '../c37118/index.ts'
import { frameUs } from './epoch.ts'
import type { LogHole, PlannedSegment, StreamPlan } from './log-plan.ts'
import type { MemoryBound } from './memory-bound.ts'
import { reconcileFrames, reconcileLines } from './reconcile.ts'
import { leadingEpoch } from './scan-blocks.ts'
import { scanFrames } from './scan-frames.ts'
import { Segment } from './segment.ts'
import { readFirstEpoch, readSegment, type SegmentFolder } from './segment-reader.ts'

export interface LoadContext {
  readonly memory: MemoryBound
  /** The clock of this node. */
  readonly nowUs: number
}

/** A file of which the end was torn: what is behind this length is to go. */
export interface Cut {
  readonly path: string
  readonly bytes: number
}

/** Frames may be missing between two others, since a log was damaged; `null`: none came after it. */
export interface DoubtfulTime {
  readonly fromUs: number
  readonly toUs: number | null
  /** Of the log. */
  readonly bytes: number
}

export interface AppliedPlan {
  readonly cuts: readonly Cut[]
  readonly doubts: readonly DoubtfulTime[]
}

/** More than the largest frame. */
const TAIL_BYTES = 128 * 1024

/** What is added is in the parts of the segments; new ones are put among them. */
export async function applyPlan(
  place: SegmentFolder,
  segments: Segment[],
  plan: StreamPlan,
  context: LoadContext,
): Promise<AppliedPlan> {
  const cuts: Cut[] = []
  const doubts: DoubtfulTime[] = []
  for (const [i, planned] of plan.segments.entries()) {
    if (planned.frames.length + planned.lines.length + planned.holes.length === 0) continue
    const segment = findOrBegin(segments, planned, context)
    // What a file has lost since then stays a hole: no position moves.
    const from = plan.based || i > 0 ? planned : await overlap(place, segment, planned)
    cuts.push(...(await addMissing(place, segment, planned, from)))
    for (const hole of planned.holes) doubts.push(await timeOf(place, segments, segment, planned, hole))
  }
  return { cuts, doubts }
}

interface Lengths {
  readonly bytes: number
  readonly events: number
}

async function addMissing(
  place: SegmentFolder,
  segment: Segment,
  planned: PlannedSegment,
  from: Lengths,
): Promise<Cut[]> {
  const path = join(place.folder, segment.name)
  const haveFrames = await readSegment(place, segment, from.bytes, segment.fileBytes)
  const frames = reconcileFrames(haveFrames, planned.frames.bytes)
  const haveLines = await readTail(place, `${path}.events`, from.events, segment.eventsBytes)
  const lines = reconcileLines(haveLines, planned.lines.bytes)
  segment.fileBytes = from.bytes + frames.keep
  segment.eventsBytes = from.events + lines.keep
  segment.recovered(frames.append, lines.append)
  return [
    ...(frames.keep < haveFrames.length ? [{ path: `${path}.c37`, bytes: segment.fileBytes }] : []),
    ...(lines.keep < haveLines.length ? [{ path: `${path}.events`, bytes: segment.eventsBytes }] : []),
  ]
}

function findOrBegin(segments: Segment[], planned: PlannedSegment, { memory, nowUs }: LoadContext): Segment {
  const found = segments.find(({ number }) => number === planned.number)
  if (found) return found
  // Where the entry that began it is damaged, its first frame tells.
  const { bytes } = planned.frames
  const firstUs = planned.firstUs ?? firstDataUs(bytes, leadingEpoch(bytes)?.timeBase ?? 0) ?? 0
  const segment = new Segment(Math.max(1, planned.number), firstUs, nowUs, memory)
  segment.sealed = true
  segments.push(segment)
  segments.sort((a, b) => a.number - b.number)
  return segment
}

/** Without a base: the longest end of the segment that the plan begins with. */
async function overlap(place: SegmentFolder, segment: Segment, { frames, lines }: PlannedSegment): Promise<Lengths> {
  const have = await readSegment(place, segment, 0, segment.fileBytes)
  const haveLines = await readTail(place, join(place.folder, `${segment.name}.events`), 0, segment.eventsBytes)
  return { bytes: beginOfOverlap(have, frames.bytes), events: beginOfOverlap(haveLines, lines.bytes) }
}

function beginOfOverlap(have: Uint8Array, planned: Uint8Array): number {
  for (let at = Math.max(0, have.length - planned.length); at < have.length; at++) {
    if (have[at] !== planned[0]) continue
    if (Buffer.compare(have.subarray(at), planned.subarray(0, have.length - at)) === 0) return at
  }
  return have.length
}

async function readTail({ files }: SegmentFolder, path: string, from: number, to: number): Promise<Uint8Array> {
  if (from >= to) return new Uint8Array(0)
  return (await files.readWhole(path)).subarray(from, to)
}

/** Between which frames a hole of the log was. */
async function timeOf(
  place: SegmentFolder,
  segments: readonly Segment[],
  segment: Segment,
  { frames, bytes: base }: PlannedSegment,
  { at, bytes }: LogHole,
): Promise<DoubtfulTime> {
  const timeBase = (await readFirstEpoch(place, segment))?.timeBase ?? 0
  const before = lastDataUs(frames.bytes.subarray(Math.max(0, at - TAIL_BYTES), at), timeBase)
  return {
    fromUs: before === undefined ? await endBefore(place, segments, segment, base) : before + 1,
    toUs: firstDataUs(frames.bytes.subarray(at), timeBase) ?? null,
    bytes,
  }
}

/** Behind the last data frame before a place of the journal. */
async function endBefore(
  place: SegmentFolder,
  segments: readonly Segment[],
  segment: Segment,
  bytes: number,
): Promise<number> {
  for (const earlier of segments.filter(({ number }) => number <= segment.number).toReversed()) {
    const end = earlier === segment ? bytes : earlier.end
    const timeBase = (await readFirstEpoch(place, earlier))?.timeBase ?? 0
    const us = lastDataUs(await readSegment(place, earlier, Math.max(0, end - TAIL_BYTES), end), timeBase)
    if (us !== undefined) return us + 1
  }
  return 0
}

function firstDataUs(bytes: Uint8Array, timeBase: number): number | undefined {
  let us: number | undefined
  eachData(bytes, timeBase, (found) => {
    us ??= found
  })
  return us
}

function lastDataUs(bytes: Uint8Array, timeBase: number): number | undefined {
  let us: number | undefined
  eachData(bytes, timeBase, (found) => {
    us = found
  })
  return us
}

function eachData(bytes: Uint8Array, timeBase: number, onData: (us: number) => void): void {
  scanFrames(
    bytes,
    0,
    (frame) => {
      if (frameTypeOf(frame) === FrameType.data) onData(frameUs(frame, timeBase))
    },
    () => {},
  )
}
