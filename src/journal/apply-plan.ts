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
import { readEvents, readFirstEpoch, readSegment, type SegmentFolder } from './segment-reader.ts'

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
const NEWLINE = 0x0a

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
    const isLost = i === 0 && !plan.based
    const { segment, from, doubt } = isLost
      ? await placeLost(place, segments, plan, context)
      : // What a file has lost since then stays a hole: no position moves.
        { segment: findOrBegin(segments, planned, Math.max(1, planned.number), context), from: planned, doubt: [] }
    cuts.push(...(await addMissing(place, segment, planned, from)))
    for (const hole of [...doubt, ...planned.holes]) {
      doubts.push(await timeOf(place, segments, segment, planned.frames.bytes, from.bytes, hole))
    }
  }
  return { cuts, doubts }
}

interface Placed {
  readonly segment: Segment
  /** Behind which the plan goes on. */
  readonly from: Lengths
  readonly doubt: readonly LogHole[]
}

/**
 * Where a plan without a base goes on: at the end of the segment that was open,
 * or in one of its own. Never at a place where something is that it has not.
 */
async function placeLost(
  place: SegmentFolder,
  segments: Segment[],
  { segments: planned }: StreamPlan,
  context: LoadContext,
): Promise<Placed> {
  const [goesOn, ...begun] = planned
  const next = begun[0]?.number ?? Number.POSITIVE_INFINITY
  const open = segments.findLast(({ number }) => number < next)
  const from = open && (await overlap(place, open, goesOn!))
  const isSame = open && from && (from.bytes < open.fileBytes || from.events < open.eventsBytes)
  // What came in between nobody has.
  const doubt = segments.length === 0 || isSame ? [] : [{ at: 0, bytes: 0 }]
  if (open && from && (isSame || !(await isSealed(place, open)))) return { segment: open, from, doubt }
  const taken = new Set([...segments, ...begun].map(({ number }) => number))
  const before = Number.isFinite(next) ? next - 1 : 1
  const number = before > 0 && !taken.has(before) ? before : Math.max(...taken) + 1
  return { segment: findOrBegin(segments, goesOn!, number, context), from: { bytes: 0, events: 0 }, doubt }
}

const isSealed = async (place: SegmentFolder, segment: Segment): Promise<boolean> =>
  (await readEvents(place, segment)).some((event) => event?.event === 'sealed')

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

function findOrBegin(
  segments: Segment[],
  planned: PlannedSegment,
  number: number,
  { memory, nowUs }: LoadContext,
): Segment {
  const found = segments.find((segment) => segment.number === number)
  if (found) return found
  // Where the entry that began it is damaged, its first frame tells.
  const { bytes } = planned.frames
  const firstUs = planned.firstUs ?? firstDataUs(bytes, leadingEpoch(bytes)?.timeBase ?? 0) ?? 0
  const segment = new Segment(number, firstUs, nowUs, memory)
  segment.sealed = true
  segments.push(segment)
  segments.sort((a, b) => a.number - b.number)
  return segment
}

/** Where in the segment the plan begins, as far as the segment goes; its whole length if it does nowhere. */
async function overlap(place: SegmentFolder, segment: Segment, { frames, lines }: PlannedSegment): Promise<Lengths> {
  const have = await readSegment(place, segment, 0, segment.fileBytes)
  const haveLines = await readTail(place, join(place.folder, `${segment.name}.events`), 0, segment.eventsBytes)
  return {
    bytes: beginOfOverlap(have, frames.bytes, frameStarts(have)),
    events: beginOfOverlap(haveLines, lines.bytes, lineStarts(haveLines)),
  }
}

/** `starts`: anywhere else a byte or two are the same by chance. */
function beginOfOverlap(have: Uint8Array, planned: Uint8Array, starts: readonly number[]): number {
  if (planned.length === 0) return have.length
  const begin = starts.find((at) => {
    const size = Math.min(have.length - at, planned.length)
    return Buffer.compare(have.subarray(at, at + size), planned.subarray(0, size)) === 0
  })
  return begin ?? have.length
}

/** Where a frame begins, or may have been cut off. */
function frameStarts(bytes: Uint8Array): number[] {
  const starts = [0]
  scanFrames(
    bytes,
    0,
    (frame, at) => starts.push(at + frame.length),
    () => {},
  )
  return starts
}

function lineStarts(bytes: Uint8Array): number[] {
  const starts = [0]
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) starts.push(at + 1)
  return starts
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
  /** What is planned, and behind which length of the segment. */
  frames: Uint8Array,
  base: number,
  { at, bytes }: LogHole,
): Promise<DoubtfulTime> {
  const timeBase = (await readFirstEpoch(place, segment))?.timeBase ?? 0
  const before = lastDataUs(frames.subarray(Math.max(0, at - TAIL_BYTES), at), timeBase)
  return {
    fromUs: before === undefined ? await endBefore(place, segments, segment, base) : before + 1,
    toUs: firstDataUs(frames.subarray(at), timeBase) ?? null,
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
