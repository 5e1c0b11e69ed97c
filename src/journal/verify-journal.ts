/** Reads every byte of a journal, and names each that is not what was written. */
import { createReadStream } from 'node:fs'
import { join, relative } from 'node:path'
import { ConfigurationAssembler, FrameError, FrameSplitter, FrameType, frameTypeOf } from '../c37118/index.ts'
import { isMissing } from '../runtime/errno.ts'
import type { AbsentRange } from '../streams/index.ts'
import { decodeBlocks, encodeBlocks } from './block.ts'
import { epochOf, frameUs } from './epoch.ts'
import type { InspectedJournal, InspectedStream } from './inspect-journal.ts'
import { decodeEvents } from './journal-event.ts'
import { systemFiles } from './journal-files.ts'
import { scanLog } from './log-entry.ts'
import { parseLogName, VERSION_FILE } from './paths.ts'
import type { Segment } from './segment.ts'

/** What a damaged stretch was. */
export type DamageKind = 'frames' | 'events' | 'index' | 'log' | 'version'

/** It costs no frame: an index is made anew from the frames, the version by the next run. */
export const isHarmless = ({ kind }: FoundDamage): boolean => kind === 'index' || kind === 'version'

export interface FoundDamage {
  readonly kind: DamageKind
  /** Within the journal's folder. */
  readonly file: string
  readonly offset: number
  readonly bytes: number
  /** Frames of this time are lost with it, both ends exclusive; undefined where that cannot be told. */
  readonly between: { readonly fromUs: number; readonly toUs: number } | undefined
}

export interface VerifiedStream {
  readonly topic: string
  readonly segments: number
  readonly bytes: number
  readonly frames: number
  readonly damages: readonly FoundDamage[]
  /** What the journal knows that it lost. */
  readonly lost: readonly AbsentRange[]
}

/** `onBytes` is told of bytes that were read, as it goes on. */
export async function verifyStream(
  { folder }: InspectedJournal,
  stream: InspectedStream,
  onBytes: (bytes: number) => void,
): Promise<VerifiedStream> {
  const damages: FoundDamage[] = []
  let frames = 0
  let bytes = 0
  for (const segment of stream.segments) {
    const path = join(stream.folder, segment.name)
    const verified = await verifyFrames(`${path}.c37`, segment, onBytes)
    frames += verified.frames
    bytes += verified.bytes
    damages.push(...verified.damages, ...(await verifyEvents(path, segment)), ...(await verifyIndex(path)))
  }
  const gaps = await stream.gaps()
  return {
    topic: stream.topic,
    segments: stream.segments.length,
    bytes,
    frames,
    damages: damages.map((damage) => ({ ...damage, file: relative(folder, damage.file) })),
    lost: gaps.filter(({ verdict }) => verdict === 'lost'),
  }
}

/**
 * The same of what belongs to no stream: the log, which has what is in no segment yet, and whose torn end is no
 * damage (it was being written), and the file of the version.
 */
export async function verifyLogs({ folder, isVersionReadable }: InspectedJournal): Promise<FoundDamage[]> {
  const damages: FoundDamage[] = []
  if (!isVersionReadable) {
    const { bytes } = await systemFiles.facts(join(folder, VERSION_FILE))
    damages.push({ kind: 'version', file: VERSION_FILE, offset: 0, bytes, between: undefined })
  }
  for (const { name } of await systemFiles.list(folder)) {
    if (parseLogName(name) === undefined) continue
    const log = await readOrNothing(join(folder, name))
    scanLog(
      log,
      () => {},
      (offset, bytes) => damages.push({ kind: 'log', file: name, offset, bytes, between: undefined }),
    )
  }
  return damages
}

async function verifyFrames(
  file: string,
  segment: Segment,
  onBytes: (bytes: number) => void,
): Promise<{ readonly frames: number; readonly bytes: number; readonly damages: FoundDamage[] }> {
  const damages: FoundDamage[] = []
  const assembler = new ConfigurationAssembler()
  let timeBase: number | undefined
  let [frames, at, lastUs] = [0, 0, segment.coverFromUs]
  let hole: { offset: number; bytes: number } | undefined
  const close = (toUs: number): void => {
    if (!hole) return
    const known = timeBase !== undefined && Number.isFinite(lastUs) && Number.isFinite(toUs)
    damages.push({ kind: 'frames', file, ...hole, between: known ? { fromUs: lastUs, toUs } : undefined })
    hole = undefined
  }
  const damaged = (count: number): void => {
    hole ??= { offset: at, bytes: 0 }
    hole.bytes += count
    at += count
  }
  const splitter = new FrameSplitter({ onDiscard: damaged })
  const take = (frame: Uint8Array): void => {
    at += frame.length
    if (frameTypeOf(frame) !== FrameType.data) {
      timeBase = timeBaseOf(frame, assembler) ?? timeBase
      return
    }
    frames++
    const us = frameUs(frame, timeBase ?? 0)
    close(us)
    lastUs = us
  }
  // Of the last segment more may come while it is read; what came before it was looked at must be right.
  const end = segment.fileBytes
  let read = 0
  for await (const chunk of chunksOf(file, end)) {
    splitter.push(chunk, take)
    read += chunk.length
    onBytes(chunk.length)
  }
  if (read < end) {
    splitter.flush(take)
    damaged(end - at)
  }
  // What only the log has goes on where the file ends, within a frame if need be.
  splitter.push(segment.inMemory(end, segment.end), take)
  splitter.flush(take)
  close(segment.coverToUs)
  return { frames, bytes: at, damages }
}

function timeBaseOf(frame: Uint8Array, assembler: ConfigurationAssembler): number | undefined {
  try {
    const fragments = assembler.push(frame)
    return fragments && epochOf(fragments).timeBase
  } catch (error) {
    if (!(error instanceof FrameError)) throw error
    return undefined
  }
}

async function* chunksOf(file: string, end: number): AsyncIterable<Uint8Array> {
  if (end === 0) return
  try {
    yield* createReadStream(file, { end: end - 1, highWaterMark: 1024 * 1024 })
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

async function verifyEvents(path: string, { eventsBytes }: Segment): Promise<FoundDamage[]> {
  const file = `${path}.events`
  const bytes = (await readOrNothing(file)).subarray(0, eventsBytes)
  const { damaged } = decodeEvents(bytes)
  const offsets = bytes.length < eventsBytes ? [...damaged, bytes.length] : damaged
  return offsets.map((offset) => {
    const end = bytes.indexOf(0x0a, offset)
    const length = (end === -1 ? eventsBytes : end + 1) - offset
    return { kind: 'events', file, offset, bytes: length, between: undefined }
  })
}

async function verifyIndex(path: string): Promise<FoundDamage[]> {
  const file = `${path}.index`
  const bytes = await readOrNothing(file)
  const good = encodeBlocks(decodeBlocks(bytes)).length
  return good < bytes.length
    ? [{ kind: 'index', file, offset: good, bytes: bytes.length - good, between: undefined }]
    : []
}

async function readOrNothing(path: string): Promise<Uint8Array> {
  try {
    return await systemFiles.readWhole(path)
  } catch (error) {
    if (!isMissing(error)) throw error
    return new Uint8Array(0)
  }
}
