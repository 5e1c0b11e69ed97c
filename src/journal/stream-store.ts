/**
 * One stream of a journal: takes frames and events, lays them out in segments,
 * and hands each to the commit log in the same order. Where a byte will be in
 * its segment is decided here and now, so that a position never changes.
 */
import { FrameError, sameConfiguration } from '../c37118/index.ts'
import type { Log } from '../runtime/service.ts'
import type { CommitLog } from './commit-log.ts'
import { type Epoch, epochOf, frameUs } from './epoch.ts'
import type { JournalCounters } from './journal-counters.ts'
import { type Between, encodeEvent, JOURNAL_VERSION, type JournalEvent, type StreamMoment } from './journal-event.ts'
import type { JournalFiles } from './journal-files.ts'
import type { LoadedStream } from './load-stream.ts'
import { type Base, encodeJson, HEAD_SIZE, headOf, LogKind } from './log-entry.ts'
import type { MemoryBound } from './memory-bound.ts'
import { Segment } from './segment.ts'
import { SegmentFiles } from './segment-files.ts'
import type { Damage, ReadableStore } from './store-reader.ts'
import type { JournalSpan, StreamJournal } from './stream-journal.ts'
import { momentAfter } from './stream-moment.ts'
import { StreamTime } from './stream-time.ts'

/** What the streams of a journal share. */
export interface StoreDeps {
  readonly folder: string
  readonly files: JournalFiles
  readonly memory: MemoryBound
  readonly counters: JournalCounters
  readonly log: Log
  /** Undefined as long as the disk does not let us begin. */
  readonly commitLog: () => CommitLog | undefined
  /** At which a segment is full. */
  readonly segmentBytes: () => number
  /** And after which time, in µs. */
  readonly segmentUs: number
  readonly utcUs: () => number
  /** The last error of the disk. */
  readonly trouble: () => string
}

export class StreamStore implements StreamJournal, ReadableStore {
  readonly topic: string
  readonly folder: string
  /** Oldest first. */
  segments: readonly Segment[] = []
  readonly #number: number
  readonly #head: number
  readonly #deps: StoreDeps
  readonly #files: SegmentFiles
  readonly #time: StreamTime
  /** Of the last configuration of an earlier run. */
  #keptPeriodUs: number | undefined
  #epoch: Epoch | undefined
  /** Memory had no room for the configuration in force: it goes before the next frame that it has room for. */
  #unplaced = false
  #open: Segment | undefined
  #openedUs = 0
  /** The last one, closed for its age: no frame came since. */
  #aged: Segment | undefined
  #rollWanted = false
  #lastNumber = 0
  /** The log that this stream was named in last. */
  #namedIn = -1
  #closed = false
  /** End of the run when it was sealed, and of what is in segments on disk. */
  #sealedUs = Number.NEGATIVE_INFINITY
  #filledUs = Number.NEGATIVE_INFINITY
  /** Frames that were given up since then. */
  #givenUp = 0
  /** Places that were found damaged. */
  readonly #damages = new Set<string>()

  constructor(topic: string, number: number, deps: StoreDeps) {
    const { utcUs, trouble } = deps
    this.topic = topic
    this.#number = number
    this.#head = headOf(LogKind.frame, number)
    this.#deps = deps
    this.#files = new SegmentFiles(deps.folder, topic, deps.files)
    this.#time = new StreamTime({ utcUs, trouble, tell: (event) => this.#line(event) })
    this.folder = this.#files.folder
  }

  /** Goes on from what an earlier run left. If that was killed, its last segment gets to know it. */
  takeOver(
    { segments, moment, clean, doubts, periodUs }: LoadedStream,
    { aliveUs, crashWindowToUs }: { readonly aliveUs: number; readonly crashWindowToUs: number | null },
  ): void {
    this.segments = segments
    this.#lastNumber = segments.at(-1)?.number ?? 0
    this.#keptPeriodUs = periodUs
    const last = segments.at(-1)
    let now = moment
    for (const { fromUs, toUs, bytes } of doubts) {
      const event = { event: 'damaged', offset: null, bytes, fromUs, toUs: toUs ?? aliveUs } as const
      last?.appendLine(encodeEvent(event))
      last?.says(event)
    }
    if (last && !clean) {
      const { firstUs, lastUs } = moment.run ?? { firstUs: null, lastUs: null }
      const stop = { event: 'unclean-stop', atUs: aliveUs, firstUs, lastUs, crashWindowToUs } as const
      now = momentAfter(moment, stop)
      last.appendLine(encodeEvent(stop))
      last.appendLine(encodeEvent({ event: 'sealed', atUs: this.#deps.utcUs(), moment: now, ...last.sums() }))
    }
    last?.sealParts()
    this.#sealedUs = now.run?.lastUs ?? Number.NEGATIVE_INFINITY
    this.#time.takeOver(now)
  }

  get moment(): StreamMoment {
    return this.#time.moment
  }

  get lostSoFar(): readonly Between[] {
    return this.#time.lostSoFar
  }

  get periodUs(): number | undefined {
    return this.#epoch?.periodUs ?? this.#keptPeriodUs
  }

  get span(): JournalSpan | undefined {
    return spanOf(this.segments)
  }

  // --- what the producer says

  sessionBegan(): void {
    // The first frame says when, in its own time.
  }

  sessionEnded(reason: string): void {
    if (!this.#closed) this.#time.ended(reason)
  }

  configuration(fragments: readonly Uint8Array[]): void {
    if (this.#closed || (this.#epoch && sameConfiguration(this.#epoch.fragments, fragments))) return
    try {
      this.#epoch = epochOf(fragments)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.#epoch = undefined
      this.#unplaced = false
      this.#deps.log.warn({ stream: this.topic, ...error.facts }, 'a configuration that cannot be read: not journaled')
      return
    }
    this.#time.periodUs = this.#epoch.periodUs ?? 0
    // With no segment open it goes to the begin of the next.
    if (!this.#open) return
    // One that no frame followed is of no use any more.
    if (this.#unplaced) this.#deps.counters.droppedConfigurations.add()
    this.#unplaced = true
    if (this.#deps.memory.hasRoomFor(costOf(this.#epoch))) this.#place(this.#open, this.#epoch)
  }

  data(frame: Uint8Array): void {
    const { memory, counters } = this.#deps
    const [epoch, time] = [this.#epoch, this.#time]
    if (this.#closed) return
    if (!epoch) {
      counters.lost('no-configuration')
      return
    }
    const us = frameUs(frame, epoch.timeBase)
    const log = this.#deps.commitLog()
    const placing = this.#unplaced ? costOf(epoch) : 0
    if (!log || !memory.hasRoomFor(2 * frame.length + HEAD_SIZE + placing)) {
      counters.lost('write-failed')
      time.lost(us)
      return
    }
    if (log.number !== this.#namedIn) this.#nameIn(log)
    const segment = this.#segmentFor(frame.length, us)
    if (this.#unplaced) this.#place(segment, epoch)
    if (time.frame(us)) segment.widen(time.firstUs, time.lastUs)
    log.frame(this.#head, frame)
    segment.appendFrame(frame, us, time.lastUs)
    counters.frames.add()
    counters.bytes.add(frame.length)
  }

  unusable(reason: string): void {
    this.#time.unusable(reason)
  }

  /** The process ends: nothing comes any more. */
  close(): void {
    if (this.#closed) return
    // One that was closed for its age says the end of the process nevertheless.
    if (this.#aged && this.segments.includes(this.#aged)) this.#open = this.#aged
    this.#time.stop()
    this.#sealOpen()
    this.#closed = true
  }

  // --- segments

  #segmentFor(bytes: number, us: number): Segment {
    const open = this.#open
    if (open && !this.#rollWanted && open.end + bytes <= this.#deps.segmentBytes()) return open
    return this.#roll(us)
  }

  #roll(us: number): Segment {
    const { commitLog, memory, utcUs } = this.#deps
    this.#sealOpen()
    this.#time.beginsAt(us)
    this.#rollWanted = false
    this.#aged = undefined
    const atUs = utcUs()
    const number = ++this.#lastNumber
    const moment = this.#momentOnDisk()
    const segment = new Segment(number, us, atUs, memory)
    segment.blocks = []
    segment.coverFromUs = moment.run?.lastUs ?? Number.NEGATIVE_INFINITY
    this.segments = [...this.segments, segment]
    this.#open = segment
    this.#openedUs = atUs
    commitLog()!.record(LogKind.segment, this.#number, encodeJson({ number, firstUs: us }))
    this.#line({ event: 'segment', journal: JOURNAL_VERSION, stream: this.topic, number, atUs, moment })
    this.#tellGivenUp(moment)
    this.#place(segment, this.#epoch!)
    return segment
  }

  #tellGivenUp({ run: onDisk }: StreamMoment): void {
    const { run } = this.moment
    if (this.#givenUp === 0 || !run || !onDisk) return
    const [fromUs, toUs] = [onDisk.lastUs + 1, run.lastUs + 1]
    this.#line({ event: 'write-failed', count: this.#givenUp, reason: this.#deps.trouble(), fromUs, toUs })
  }

  #sealOpen(): void {
    const open = this.#open
    if (!open) return
    const { moment } = this
    open.closeBlock(this.#time.lastUs)
    this.#line({ event: 'sealed', atUs: this.#deps.utcUs(), moment, ...open.sums() })
    open.coverToUs = Math.max(open.spanToUs, moment.run?.lastUs ?? Number.NEGATIVE_INFINITY)
    open.sealed = true
    this.#open = undefined
  }

  #place(segment: Segment, epoch: Epoch): void {
    this.#unplaced = false
    const log = this.#deps.commitLog()!
    if (log.number !== this.#namedIn) this.#nameIn(log)
    const frames = epoch.fragments.map((fragment) => Buffer.from(fragment).toString('base64'))
    this.#line({ event: 'configuration', offset: segment.end, frames })
    log.record(LogKind.configuration, this.#number, epoch.bytes)
    segment.appendConfiguration(epoch, this.#time.lastUs)
  }

  /** Into the event record of the open segment. With none open, the next one's first line says it. */
  #line(event: JournalEvent): void {
    const open = this.#open
    const log = this.#deps.commitLog()
    if (!open || !log) return
    if (log.number !== this.#namedIn) this.#nameIn(log)
    const line = encodeEvent(event)
    log.record(LogKind.line, this.#number, line)
    open.appendLine(line)
    open.says(event)
    // Being closed makes it no younger.
    if (event.event !== 'sealed') open.changedUs = this.#deps.utcUs()
    open.lineBytes += line.length
    if (open.lineBytes > this.#deps.segmentBytes()) this.#rollWanted = true
  }

  /** Says in a new log which stream the number means, and up to where it is on disk if it is. */
  #nameIn(log: CommitLog): void {
    this.#namedIn = log.number
    const last = this.segments.at(-1)
    const base = this.hasParts ? null : last ? baseOf(last) : NO_BASE
    const body = encodeJson({ stream: this.topic, base })
    // Twice: without it the frames that follow would be nobody's.
    log.record(LogKind.stream, this.#number, body)
    log.record(LogKind.stream, this.#number, body)
  }

  /** A segment that stays open too long is closed, so that its age can be a bound: whether or not a frame comes any more. */
  tick(): void {
    const open = this.#open
    if (!open) return
    const nowUs = this.#deps.utcUs()
    if (open.end > open.fileBytes) open.changedUs = nowUs
    if (nowUs - this.#openedUs < this.#deps.segmentUs) return
    this.#sealOpen()
    this.#aged = open
  }

  // --- to the disk, and away from it

  get hasParts(): boolean {
    return this.segments.some(({ parts }) => parts.length > 0)
  }

  /** What is in memory is to go to the segments: what comes from here on is apart from it. */
  seal(): void {
    this.#sealedUs = this.moment.run?.lastUs ?? Number.NEGATIVE_INFINITY
    for (const segment of this.segments) segment.sealParts()
  }

  /** Writes and syncs what was sealed. Rejects with the system's error, and can be called again. */
  async fill(): Promise<void> {
    for (const segment of this.segments) {
      while (segment.parts[0]?.sealed) {
        await this.#files.write(segment, segment.parts[0])
        segment.partIsOnDisk()
        if (segment.sealed && segment.parts.length === 0) segment.blocks = undefined
      }
    }
    this.#filledUs = this.#sealedUs
    this.#givenUp = 0
  }

  /**
   * Its files take nothing: what is in memory goes, and what comes from here on
   * begins another segment, which tells of the loss. Returns the number of frames.
   */
  giveUp(log: CommitLog): number {
    if (log.number !== this.#namedIn) this.#nameIn(log)
    const given = this.segments.reduce((sum, segment) => sum + (segment.parts.length > 0 ? segment.dropParts() : 0), 0)
    this.segments = this.segments.filter(isOnDisk)
    this.#open = undefined
    this.#givenUp += given
    this.filled(log, log.number)
    const { run } = this.#momentOnDisk()
    if (this.#epoch && run && !this.#closed) this.#roll(run.lastUs + 1)
    return given
  }

  /** The last that is known to be on disk, before what was given up. */
  #momentOnDisk(): StreamMoment {
    const { moment } = this
    if (!moment.run || this.#givenUp === 0) return moment
    const lastUs = Math.max(this.#filledUs, moment.run.firstUs - 1)
    return { ...moment, run: { firstUs: Math.min(moment.run.firstUs, lastUs), lastUs } }
  }

  /** Says to the log where the segments end on disk: all that came up to the log `through` is there. */
  filled(log: CommitLog, through: number): void {
    const last = this.segments.findLast(isOnDisk)
    const body = encodeJson({ through, base: last ? baseOf(last) : NO_BASE, stream: this.topic })
    log.record(LogKind.filled, this.#number, body)
  }

  /** It is too old. */
  forget(segment: Segment): void {
    this.segments = this.segments.filter((other) => other !== segment)
  }

  /** It could not be let go of. */
  takeBack(segment: Segment): void {
    this.segments = [...this.segments, segment].sort((a, b) => a.number - b.number)
  }

  /** Found once is known for good: what is not a frame any more will not be one again. */
  damaged(segment: Segment, { offset, bytes, fromUs, toUs }: Damage): void {
    const key = `${segment.number} ${offset}`
    if (this.#damages.has(key) || !this.segments.includes(segment)) return
    this.#damages.add(key)
    this.#deps.counters.damagedBytes.add(bytes)
    this.#deps.log.error(
      { stream: this.topic, segment: segment.name, offset, bytes },
      'bytes of the journal are damaged; the frames they were are lost',
    )
    const event = { event: 'damaged', offset, bytes, fromUs, toUs } as const
    segment.says(event)
    if (segment === this.#open) this.#line(event)
    else segment.appendLine(encodeEvent(event))
  }
}

/** First and last time of runs. */
export function spanOf(segments: readonly Segment[]): JournalSpan | undefined {
  const first = segments.find(({ spanFromUs }) => Number.isFinite(spanFromUs))
  const last = segments.findLast(({ spanToUs }) => Number.isFinite(spanToUs))
  return first && last ? { fromUs: first.spanFromUs, toUs: last.spanToUs } : undefined
}

/** Its bytes and its copy in the event record, in the log and in the segment. */
const costOf = ({ bytes }: Epoch): number => 2 * (bytes.length + Math.ceil((4 / 3) * bytes.length) + LINE_BYTES)

/** Of a line without what it carries, and of the heads in the log. */
const LINE_BYTES = 256

const isOnDisk = ({ fileBytes, eventsBytes }: Segment): boolean => fileBytes + eventsBytes > 0

const NO_BASE: Base = { number: 0, bytes: 0, events: 0 }

const baseOf = ({ number, fileBytes, eventsBytes }: Segment): Base => ({
  number,
  bytes: fileBytes,
  events: eventsBytes,
})
