/**
 * Answers range requests from the segments of one stream, while its writer goes
 * on. Stateless: where a page ended is in its cursor.
 */
import { FrameType, frameTypeOf } from '../c37118/index.ts'
import type { AbsentRange } from '../streams/index.ts'
import { AbsentCover, coverSegment } from './absent-cover.ts'
import type { Block } from './block.ts'
import type { BlockCache } from './block-cache.ts'
import { decodeCursor, encodeCursor, type Position } from './cursor.ts'
import { type Epoch, frameUs } from './epoch.ts'
import type { JournalPage, JournalQuery, JournalReader } from './journal.ts'
import { JournalError } from './journal-error.ts'
import type { Between, StreamMoment } from './journal-event.ts'
import type { JournalFiles } from './journal-files.ts'
import { scanFrames } from './scan-frames.ts'
import type { Segment } from './segment.ts'
import { readBlocks, readEpoch, readEvents, readSegment, type SegmentFolder } from './segment-reader.ts'
import type { JournalSpan } from './stream-journal.ts'
import { nothingKnown } from './stream-moment.ts'

/** While a stream is offline, so long may a frame of it be under way: µs. */
const OFFLINE_MARGIN_US = 5_000_000
const UNKNOWN_PERIOD_US = 20_000

/** What a reader sees of a stream. */
export interface ReadableStore {
  readonly topic: string
  readonly folder: string
  readonly segments: readonly Segment[]
  readonly moment: StreamMoment
  /** Frames were received in between that nobody took; the event record does not tell of them yet. */
  readonly lostSoFar?: readonly Between[]
  readonly periodUs: number | undefined
  readonly span: JournalSpan | undefined
  /** Bytes that are no frame any more were found. */
  damaged(segment: Segment, damage: Damage): void
}

export interface Damage {
  readonly offset: number
  readonly bytes: number
  /** Between which frames. */
  readonly fromUs: number
  readonly toUs: number
}

export interface StoreReaderDeps {
  readonly journalId: string
  readonly files: JournalFiles
  readonly blocks: BlockCache
  readonly utcUs: () => number
}

export class StoreReader implements JournalReader {
  readonly #store: ReadableStore
  readonly #deps: StoreReaderDeps
  readonly #place: SegmentFolder

  constructor(store: ReadableStore, deps: StoreReaderDeps) {
    this.#store = store
    this.#deps = deps
    this.#place = { folder: store.folder, files: deps.files }
  }

  get span(): JournalSpan | undefined {
    return this.#store.span
  }

  async read({ fromUs, toUs, maxBytes, cursor }: JournalQuery): Promise<JournalPage> {
    if (!(Number.isFinite(fromUs) && Number.isFinite(toUs)) || fromUs > toUs) {
      throw new JournalError({ code: 'JOURNAL_BAD_RANGE', fromUs, toUs }, `no range: from ${fromUs} to ${toUs}`)
    }
    const scope = { journal: this.#deps.journalId, stream: this.#store.topic, fromUs, toUs }
    const page = new Page(fromUs, toUs, maxBytes)
    let at: Position = cursor === undefined ? { number: 0, offset: 0 } : decodeCursor(scope, cursor)
    for (;;) {
      const segment = this.#segmentFrom(at.number)
      if (!segment) break
      if (segment.number > at.number) at = { number: segment.number, offset: 0 }
      const stoppedAt = await this.#readFrom(segment, at.offset, page)
      if (stoppedAt !== undefined) {
        const next = encodeCursor(scope, { number: segment.number, offset: stoppedAt })
        return { frames: page.frames, cursor: next, throughUs: fromUs, absent: [] }
      }
      at = { number: segment.number + 1, offset: 0 }
    }
    // What is known at this moment; what comes while the records are read is of a later one.
    const { moment } = this.#store
    const throughUs = Math.max(fromUs, Math.min(toUs, this.#knownThrough(moment)))
    return { frames: page.frames, cursor: undefined, throughUs, absent: await this.#absent(fromUs, throughUs, moment) }
  }

  /** What is said of the time of a range, without reading its frames. */
  async absent({ fromUs, toUs }: { readonly fromUs: number; readonly toUs: number }): Promise<readonly AbsentRange[]> {
    const { moment } = this.#store
    return await this.#absent(fromUs, Math.max(fromUs, Math.min(toUs, this.#knownThrough(moment))), moment)
  }

  #segmentFrom(number: number): Segment | undefined {
    const { segments } = this.#store
    let [low, high] = [0, segments.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (segments[middle]!.number < number) low = middle + 1
      else high = middle
    }
    return segments[low]
  }

  /** Where the page was full; undefined at the end of the segment. */
  async #readFrom(segment: Segment, offset: number, page: Page): Promise<number | undefined> {
    let at = offset
    // The open segment grows while it is read: to its end at the time of the last look.
    while (segment.mayHold(page.fromUs, page.toUs) && at < segment.end) {
      const blocks = await this.#blocksOf(segment)
      const from = blocks.findIndex((block) => block.offset + block.bytes > at)
      if (from === -1) return undefined
      for (const [i, block] of blocks.entries()) {
        if (i < from) continue
        const stoppedAt = await this.#readBlock(segment, block, blocks[i - 1], at, page)
        if (stoppedAt !== undefined) return stoppedAt
        at = block.offset + block.bytes
      }
    }
    return undefined
  }

  async #blocksOf(segment: Segment): Promise<readonly Block[]> {
    if (segment.blocks) {
      const open = segment.openBlock(this.#store.moment.run?.lastUs ?? Number.NaN)
      return open ? [...segment.blocks, open] : segment.blocks
    }
    return this.#deps.blocks.get(segment, () => readBlocks(this.#place, segment))
  }

  async #readBlock(
    segment: Segment,
    block: Block,
    before: Block | undefined,
    offset: number,
    page: Page,
  ): Promise<number | undefined> {
    const end = block.offset + block.bytes
    if (block.frames > 0 && (block.minUs >= page.toUs || block.maxUs < page.fromUs)) return undefined
    const bytes = await readSegment(this.#place, segment, block.offset, end)
    const epoch = await this.#epochOf(segment, block)
    let stoppedAt: number | undefined
    let beforeUs = firstFinite(before?.lastUs, segment.coverFromUs, block.minUs - 1)
    const untilUs = firstFinite(block.lastUs, block.maxUs, segment.coverToUs, this.#store.moment.run?.lastUs) + 1
    let hole: { offset: number; bytes: number } | undefined
    const closeHole = (toUs: number): void => {
      if (!hole) return
      this.#store.damaged(segment, { ...hole, fromUs: beforeUs + 1, toUs })
      hole = undefined
    }
    const noteHole = (at: number, count: number): void => {
      if (hole) hole.bytes += count
      else hole = { offset: at, bytes: count }
    }
    scanFrames(
      bytes,
      block.offset,
      (frame, at) => {
        if (frameTypeOf(frame) !== FrameType.data || !epoch) return
        const us = frameUs(frame, epoch.timeBase)
        closeHole(us)
        beforeUs = us
        if (at < offset || stoppedAt !== undefined || us < page.fromUs || us >= page.toUs) return
        if (!page.add(frame, epoch)) stoppedAt = at
      },
      noteHole,
    )
    // Nobody can say what the frames are, nor of when.
    if (!epoch) noteHole(block.offset, block.bytes)
    else if (bytes.length < block.bytes) noteHole(block.offset + bytes.length, block.bytes - bytes.length)
    closeHole(Math.max(untilUs, beforeUs + 1))
    return stoppedAt
  }

  #epochOf(segment: Segment, block: Block): Promise<Epoch | undefined> {
    return this.#deps.blocks.epoch(segment, block.configurationAt, () => readEpoch(this.#place, segment, block))
  }

  /** Exclusive. */
  #knownThrough({ online, run }: StreamMoment): number {
    if (online && run) return run.lastUs + Math.ceil((this.#store.periodUs ?? UNKNOWN_PERIOD_US) / 2)
    return Math.max((run?.lastUs ?? Number.NEGATIVE_INFINITY) + 1, this.#deps.utcUs() - OFFLINE_MARGIN_US)
  }

  async #absent(fromUs: number, throughUs: number, moment: StreamMoment): Promise<readonly AbsentRange[]> {
    if (fromUs >= throughUs) return []
    const cover = new AbsentCover(fromUs, throughUs)
    const segments = [...this.#store.segments]
    const last = segments.at(-1)
    if (!last) cover.offline(moment, throughUs)
    for (const lost of this.#store.lostSoFar ?? []) cover.lost(lost.fromUs, lost.toUs, 'write-failed')
    // With no segment left, all that was is older than what is kept.
    let oldest = last ? undefined : moment
    for (const [i, segment] of segments.entries()) {
      const isNewest = segment === last
      if (i > 0 && !isNewest && !segment.maySay(fromUs, throughUs)) continue
      const events = await readEvents(this.#place, segment)
      if (i === 0) oldest = events.find((event) => event?.event === 'segment')?.moment
      const end = isNewest ? { moment, throughUs } : undefined
      coverSegment(cover, events, lastFrameAt(segment.coverFromUs), end)
    }
    if (oldest?.run) {
      cover.expired(oldest.run.lastUs + 1)
      cover.beforeJournal(oldest.originUs ?? oldest.run.lastUs + 1)
    }
    return cover.ranges()
  }
}

/** All that is known of before a segment whose first line is damaged: its doubts reach no further back. */
const lastFrameAt = (us: number): StreamMoment | undefined =>
  Number.isFinite(us) ? { ...nothingKnown, run: { firstUs: us, lastUs: us } } : undefined

const firstFinite = (...values: readonly (number | undefined)[]): number => values.find(Number.isFinite) ?? 0

class Page {
  readonly frames: Uint8Array[] = []
  readonly fromUs: number
  readonly toUs: number
  readonly #maxBytes: number
  #bytes = 0
  #data = 0
  #epoch: Epoch | undefined

  constructor(fromUs: number, toUs: number, maxBytes: number) {
    this.fromUs = fromUs
    this.toUs = toUs
    this.#maxBytes = maxBytes
  }

  /** False: it is full, and the frame begins the next. */
  add(frame: Uint8Array, epoch: Epoch): boolean {
    const configuration = this.#epoch === epoch ? 0 : epoch.bytes.length
    if (this.#data > 0 && this.#bytes + configuration + frame.length > this.#maxBytes) return false
    if (configuration > 0) this.frames.push(...epoch.fragments)
    this.#epoch = epoch
    this.frames.push(new Uint8Array(frame))
    this.#bytes += configuration + frame.length
    this.#data++
    return true
  }
}
