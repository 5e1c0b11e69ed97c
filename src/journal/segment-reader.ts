/**
 * Reads a segment: its bytes wherever they are, its blocks, its configurations
 * and its event record. The writer may add to it meanwhile, and move bytes from
 * memory to disk: nothing is read twice or left out.
 */
import { join } from 'node:path'
import { isMissing } from '../runtime/errno.ts'
import { type Block, decodeBlocks } from './block.ts'
import type { Epoch } from './epoch.ts'
import { decodeEvent, type JournalEvent } from './journal-event.ts'
import { type JournalFiles, readRange } from './journal-files.ts'
import type { RunTrack } from './run-track.ts'
import { copiesIn, type EpochAt, leadingEpoch, scanBlocks } from './scan-blocks.ts'
import type { Segment } from './segment.ts'

const EMPTY = new Uint8Array(0)
const NEWLINE = 0x0a
const decoder = new TextDecoder()

export interface SegmentFolder {
  readonly folder: string
  readonly files: JournalFiles
}

/** [from, to) of the segment's bytes, or fewer where the file is shorter than it was. */
export async function readSegment(
  { folder, files }: SegmentFolder,
  segment: Segment,
  from: number,
  to: number,
): Promise<Uint8Array> {
  const memory = segment.inMemory(from, to)
  const onDisk = Math.min(to, segment.fileBytes)
  if (from >= onDisk) return memory
  const disk = await readFrom(files, join(folder, `${segment.name}.c37`), from, onDisk)
  if (memory.length === 0) return disk
  // A file that lost its end: what is in memory stands where it belongs.
  const all = new Uint8Array(onDisk - from + memory.length)
  all.set(disk)
  all.set(memory, onDisk - from)
  return all
}

/** Its events in order; `undefined` for each line that cannot be believed. */
export async function readEvents(
  { folder, files }: SegmentFolder,
  segment: Segment,
): Promise<(JournalEvent | undefined)[]> {
  const pending = segment.parts.flatMap(({ lines }) => lines)
  const { eventsBytes } = segment
  const disk = eventsBytes === 0 ? EMPTY : await readFrom(files, join(folder, `${segment.name}.events`), 0, eventsBytes)
  return [...linesIn(disk), ...(disk.length < eventsBytes ? [undefined] : []), ...pending.flatMap(linesIn)]
}

function linesIn(bytes: Uint8Array): (JournalEvent | undefined)[] {
  const events: (JournalEvent | undefined)[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, at)
    events.push(end === -1 ? undefined : decodeEvent(decoder.decode(bytes.subarray(at, end))))
    at = end === -1 ? bytes.length : end + 1
  }
  return events
}

/** A file that is not there is as one that lost all its bytes. */
async function readFrom(files: JournalFiles, path: string, from: number, to: number): Promise<Uint8Array> {
  let fd: number
  try {
    fd = await files.open(path, false)
  } catch (error) {
    if (!isMissing(error)) throw error
    return EMPTY
  }
  try {
    return await readRange(files, fd, from, to)
  } finally {
    await files.close(fd)
  }
}

/**
 * All its blocks, the last one open still. Those that the index does not tell
 * are found by a scan. `track` follows the frames of the scan.
 */
export async function readBlocks(place: SegmentFolder, segment: Segment, track?: RunTrack): Promise<Block[]> {
  const indexed = await readIndex(place, segment)
  const end = segment.end
  const blocks = indexed.filter((block) => block.offset + block.bytes <= end)
  let at = blocks.reduce((sum, { bytes }) => sum + bytes, 0)
  if (track && blocks.length > 0) {
    const { lastUs } = blocks.at(-1)!
    if (lastUs > track.lastUs) track.lastUs = lastUs
  }
  if (at >= end) return blocks
  let epoch = await epochBefore(place, segment, blocks)
  const copies = copiesIn(await readEvents(place, segment))
  while (at < end) {
    const bytes = await readSegment(place, segment, at, Math.min(end, at + SCAN_BYTES))
    if (bytes.length === 0) {
      blocks.push({ ...lostBlock, offset: at, bytes: end - at })
      break
    }
    const scanned = scanBlocks(bytes, at, { epoch, copies, track, last: at + bytes.length >= end })
    blocks.push(...scanned.blocks)
    at = scanned.end
    epoch = scanned.epoch
  }
  return blocks
}

const lostBlock = {
  frames: 0,
  configurationAt: 0,
  configurationBytes: 0,
  minUs: Number.POSITIVE_INFINITY,
  maxUs: Number.NEGATIVE_INFINITY,
  lastUs: Number.NaN,
}
const SCAN_BYTES = 4 * 1024 * 1024

async function readIndex({ folder, files }: SegmentFolder, segment: Segment): Promise<Block[]> {
  try {
    return decodeBlocks(await files.readWhole(join(folder, `${segment.name}.index`)))
  } catch (error) {
    if (!isMissing(error)) throw error
    return []
  }
}

async function epochBefore(place: SegmentFolder, segment: Segment, blocks: readonly Block[]): Promise<EpochAt> {
  const last = blocks.at(-1)
  if (!last) return { at: 0, bytes: 0, epoch: undefined }
  const epoch = await readEpoch(place, segment, last)
  return { at: last.configurationAt, bytes: last.configurationBytes, epoch }
}

/**
 * The configuration that describes a block; from the copy in the event record
 * if its own bytes are damaged. `undefined` if both are.
 */
export async function readEpoch(
  place: SegmentFolder,
  segment: Segment,
  { configurationAt, configurationBytes }: Pick<Block, 'configurationAt' | 'configurationBytes'>,
): Promise<Epoch | undefined> {
  const bytes = await readSegment(place, segment, configurationAt, configurationAt + configurationBytes)
  const own = leadingEpoch(bytes)
  if (own) return own
  return copiesIn(await readEvents(place, segment)).findLast(({ at }) => at <= configurationAt)?.epoch
}

/** The configuration that a segment begins with. */
export async function readFirstEpoch(place: SegmentFolder, segment: Segment): Promise<Epoch | undefined> {
  const bytes = await readSegment(place, segment, 0, Math.min(segment.end, FIRST_READ_BYTES))
  return leadingEpoch(bytes) ?? copiesIn(await readEvents(place, segment))[0]?.epoch
}

/** More than most configurations; of a larger one the copy tells. */
const FIRST_READ_BYTES = 4096
