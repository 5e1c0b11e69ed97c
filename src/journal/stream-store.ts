/**
 * One stream of a journal: takes frames and events, lays them out in segments,
 * and hands each to the commit log in the same order. Where a byte will be in
 * its segment is decided here and now, so that a position never changes.
 */
import { join } from 'node:path'
import { FrameError, sameConfiguration } from '../c37118/index.ts'
import type { Log } from '../runtime/service.ts'
import { encodeBlocks } from './block.ts'
import type { CommitLog } from './commit-log.ts'
import { type Epoch, epochOf, frameUs } from './epoch.ts'
import type { JournalCounters } from './journal-counters.ts'
import {
  encodeEvent,
  JOURNAL_VERSION,
  type JournalEvent,
  type OfflineSince,
  type StreamMoment,
} from './journal-event.ts'
import { type JournalFiles, syncFolder, writeAll } from './journal-files.ts'
import type { LoadedStream } from './load-stream.ts'
import { HEAD_SIZE, headOf, LogKind } from './log-entry.ts'
import type { MemoryBound } from './memory-bound.ts'
import { streamFolder } from './paths.ts'
import { RunTrack, Step } from './run-track.ts'
import { type Part, Segment } from './segment.ts'
import type { Damage, ReadableStore } from './store-reader.ts'
import type { JournalSpan, StreamJournal } from './stream-journal.ts'
import { ADAPTER_DOWN, momentAfter, nothingKnown } from './stream-moment.ts'

/** Reasons remembered of one time offline; of more, the last is said of the rest. */
const MAX_OFFLINE_REASONS = 64

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
  segments: Segment[] = []
  readonly #number: number
  readonly #head: number
  readonly #deps: StoreDeps
  readonly #track = new RunTrack(0)
  #moment: StreamMoment = nothingKnown
  /** Of the last configuration of an earlier run. */
  #keptPeriodUs: number | undefined
  #ownOffline: readonly OfflineSince[] | undefined
  #epoch: Epoch | undefined
  #open: Segment | undefined
  #openedUs = 0
  /** The log that this stream was named in last. */
  #namedIn = -1
  #rollWanted = false
  #lastNumber = 0
  #closed = false
  #folderIsNew = false
  readonly #damages = new Set<string>()
  #unusable = 0
  #unusableReason = ''
  #lost = 0
  #lostFromUs = 0
  #lostToUs = 0

  constructor(topic: string, number: number, deps: StoreDeps) {
    this.topic = topic
    this.folder = streamFolder(deps.folder, topic)
    this.#number = number
    this.#head = headOf(LogKind.frame, number)
    this.#deps = deps
  }

  /** Goes on from what an earlier run left. If that was killed, its last segment gets to know it. */
  takeOver(
    { segments, moment, clean, doubts, periodUs }: LoadedStream,
    { aliveUs, crashWindowToUs }: { readonly aliveUs: number; readonly crashWindowToUs: number | null },
  ): void {
    // Said while the disk did not let us begin; and a second attempt finds it again.
    this.#ownOffline ??= this.#moment.offline
    this.segments = segments
    this.#lastNumber = segments.at(-1)?.number ?? 0
    this.#keptPeriodUs = periodUs
    this.#moment = moment
    const last = segments.at(-1)
    if (!last) return
    for (const { fromUs, toUs, bytes } of doubts) {
      last.appendLine(encodeEvent({ event: 'damaged', offset: null, bytes, fromUs, toUs: toUs ?? aliveUs }))
    }
    if (!clean) {
      const { firstUs, lastUs } = moment.run ?? { firstUs: null, lastUs: null }
      const stop = { event: 'unclean-stop', atUs: aliveUs, firstUs, lastUs, crashWindowToUs } as const
      this.#moment = momentAfter(moment, stop)
      last.appendLine(encodeEvent(stop))
      const atUs = this.#deps.utcUs()
      last.appendLine(encodeEvent({ event: 'sealed', atUs, moment: this.#moment, ...last.sums() }))
    }
    last.sealParts()
    this.#moment = { ...this.#moment, offline: [...this.#moment.offline, ...this.#ownOffline] }
  }

  /** How things stand. */
  get moment(): StreamMoment {
    if (!this.#moment.online) return this.#moment
    const { firstUs, lastUs } = this.#track
    return { ...this.#moment, run: { firstUs, lastUs } }
  }

  get periodUs(): number | undefined {
    return this.#epoch?.periodUs ?? this.#keptPeriodUs
  }

  get span(): JournalSpan | undefined {
    const first = this.segments.find(({ spanFromUs }) => Number.isFinite(spanFromUs))
    const last = this.segments.findLast(({ spanToUs }) => Number.isFinite(spanToUs))
    return first && last ? { fromUs: first.spanFromUs, toUs: last.spanToUs } : undefined
  }

  // --- what the producer says

  sessionBegan(): void {
    // The first frame says when, in its own time.
  }

  sessionEnded(reason: string): void {
    if (this.#closed) return
    const atUs = this.#deps.utcUs()
    if (this.#moment.online) {
      const { firstUs, lastUs } = this.#track
      this.#settle(this.#lostToUs + 1)
      this.#moment = { ...this.#moment, online: false, run: { firstUs, lastUs }, offline: [{ atUs, reason }] }
      this.#line({ event: 'session-ended', atUs, reason, firstUs, lastUs })
      return
    }
    const { offline } = this.#moment
    if (offline.at(-1)?.reason === reason || offline.length >= MAX_OFFLINE_REASONS) return
    this.#moment = { ...this.#moment, offline: [...offline, { atUs, reason }] }
    this.#line({ event: 'offline', atUs, reason })
  }

  configuration(fragments: readonly Uint8Array[]): void {
    if (this.#closed || (this.#epoch && sameConfiguration(this.#epoch.fragments, fragments))) return
    try {
      this.#epoch = epochOf(fragments)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.#epoch = undefined
      this.#deps.log.warn({ stream: this.topic, ...error.facts }, 'a configuration that cannot be read: not journaled')
      return
    }
    this.#track.periodUs = this.#epoch.periodUs ?? 0
    // With no segment open it goes to the begin of the next.
    if (this.#open) this.#place(this.#open, this.#epoch)
  }

  data(frame: Uint8Array): void {
    const { memory, counters } = this.#deps
    const epoch = this.#epoch
    if (this.#closed) return
    if (!epoch) {
      counters.lost('no-configuration')
      return
    }
    const us = frameUs(frame, epoch.timeBase)
    const log = this.#deps.commitLog()
    if (!log || !memory.hasRoomFor(2 * frame.length + HEAD_SIZE)) {
      this.#refuse(us)
      return
    }
    if (log.number !== this.#namedIn) this.#nameIn(log)
    const segment = this.#segmentFor(frame.length, us)
    const track = this.#track
    if (this.#moment.online) this.#goOn(segment, us)
    else this.#begin(segment, us)
    log.frame(this.#head, frame)
    segment.appendFrame(frame, us, track.lastUs)
    counters.frames.add()
    counters.bytes.add(frame.length)
  }

  unusable(reason: string): void {
    this.#unusable++
    this.#unusableReason = reason
  }

  // --- time

  #begin(segment: Segment, us: number): void {
    this.#track.begin(us)
    this.#unusable = 0
    const run = { firstUs: us, lastUs: us }
    const originUs = this.#moment.originUs ?? us
    this.#moment = { online: true, run, offline: [], crashWindowToUs: null, originUs }
    this.#line({ event: 'session-began', atUs: this.#deps.utcUs(), firstUs: us })
    if (this.#lost > 0) this.#settle(us)
    this.#widen(segment)
  }

  #goOn(segment: Segment, us: number): void {
    const track = this.#track
    const beforeUs = track.lastUs
    const step = track.see(us)
    if (step === Step.none) return
    if (step === Step.elsewhere) {
      const { endedFirstUs: firstUs, endedLastUs: lastUs } = track
      this.#line({ event: 'time-stepped', atUs: this.#deps.utcUs(), firstUs, lastUs, nextUs: track.firstUs })
      this.#unusable = 0
    }
    if (this.#lost > 0) this.#settle(us)
    if (this.#unusable > 0) {
      const [count, reason] = [this.#unusable, this.#unusableReason]
      this.#line({ event: 'unusable', count, reason, fromUs: beforeUs + 1, toUs: us })
      this.#unusable = 0
    }
    this.#widen(segment)
  }

  #widen(segment: Segment): void {
    const { firstUs, lastUs } = this.#track
    if (lastUs > segment.spanToUs) segment.spanToUs = lastUs
    if (segment.spanFromUs > lastUs) segment.spanFromUs = segment.frames === 0 ? lastUs : Math.min(firstUs, lastUs)
  }

  /** A frame that nobody takes. */
  #refuse(us: number): void {
    this.#deps.counters.lost('write-failed')
    if (this.#lost === 0) {
      this.#lostFromUs = this.#moment.online ? Math.min(this.#track.lastUs + 1, us) : us
      this.#lostToUs = us
    }
    this.#lost++
    if (us > this.#lostToUs) this.#lostToUs = us
  }

  /** Frames are taken again, or none will come: says between which frames they are missing. */
  #settle(toUs: number): void {
    if (this.#lost === 0) return
    const count = this.#lost
    this.#lost = 0
    this.#line({
      event: 'write-failed',
      count,
      reason: this.#deps.trouble(),
      fromUs: this.#lostFromUs,
      toUs: Math.max(toUs, this.#lostToUs + 1),
    })
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
    this.#rollWanted = false
    this.#openedUs = utcUs()
    const number = ++this.#lastNumber
    const segment = new Segment(number, us, this.#openedUs, memory)
    segment.blocks = []
    if (this.#moment.originUs === null) this.#moment = { ...this.#moment, originUs: us }
    const moment = this.moment
    segment.coverFromUs = moment.run?.lastUs ?? Number.NEGATIVE_INFINITY
    this.segments.push(segment)
    this.#open = segment
    commitLog()!.record(LogKind.segment, this.#number, encodeJson({ number, firstUs: us }))
    this.#line({ event: 'segment', journal: JOURNAL_VERSION, stream: this.topic, number, atUs: this.#openedUs, moment })
    this.#place(segment, this.#epoch!)
    return segment
  }

  #sealOpen(): void {
    const open = this.#open
    if (!open) return
    open.closeBlock(this.#track.lastUs)
    const moment = this.moment
    this.#line({ event: 'sealed', atUs: this.#deps.utcUs(), moment, ...open.sums() })
    open.coverToUs = Math.max(open.spanToUs, moment.run?.lastUs ?? Number.NEGATIVE_INFINITY)
    open.sealed = true
    this.#open = undefined
  }

  #place(segment: Segment, epoch: Epoch): void {
    const log = this.#deps.commitLog()!
    if (log.number !== this.#namedIn) this.#nameIn(log)
    const frames = epoch.fragments.map((fragment) => Buffer.from(fragment).toString('base64'))
    this.#line({ event: 'configuration', offset: segment.end, frames })
    log.record(LogKind.configuration, this.#number, epoch.bytes)
    segment.appendConfiguration(epoch, this.#track.lastUs)
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
    open.changedUs = this.#deps.utcUs()
    open.lineBytes += line.length
    if (open.lineBytes > this.#deps.segmentBytes()) this.#rollWanted = true
  }

  /** Says in a new log which stream the number means, and up to where it is on disk if it is. */
  #nameIn(log: CommitLog): void {
    this.#namedIn = log.number
    const last = this.segments.at(-1)
    const base = this.hasParts ? null : last ? baseOf(last) : { number: 0, bytes: 0, events: 0 }
    const body = encodeJson({ stream: this.topic, base })
    // Twice: without it the frames that follow would be nobody's.
    log.record(LogKind.stream, this.#number, body)
    log.record(LogKind.stream, this.#number, body)
  }

  /** A segment that stays open too long is closed, so that its age can be a bound. */
  tick(): void {
    const open = this.#open
    if (!open) return
    if (open.end > open.fileBytes) open.changedUs = this.#deps.utcUs()
    if (this.#deps.utcUs() - this.#openedUs < this.#deps.segmentUs) return
    if (open.frames > 0) this.#rollWanted = true
  }

  // --- what readers find

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
    if (segment === this.#open) this.#line(event)
    else segment.appendLine(encodeEvent(event))
  }

  // --- to the disk

  get hasParts(): boolean {
    return this.segments.some(({ parts }) => parts.length > 0)
  }

  /** What is in memory is to go to the segments: what comes from here on is apart from it. */
  seal(): void {
    for (const segment of this.segments) segment.sealParts()
  }

  /** It is too old. */
  forget(segment: Segment): void {
    this.segments = this.segments.filter((other) => other !== segment)
  }

  /** Writes and syncs what was sealed. Rejects with the system's error, and can be called again. */
  async fill(): Promise<void> {
    for (const segment of [...this.segments]) {
      while (segment.parts[0]?.sealed) {
        await this.#writePart(segment, segment.parts[0])
        segment.partIsOnDisk()
        if (segment.sealed && segment.parts.length === 0) segment.blocks = undefined
      }
    }
  }

  /** Where the segments of this stream end on disk: says to the log that all up to `through` is there. */
  filled(log: CommitLog, through: number): void {
    const last = this.segments.findLast(({ fileBytes, eventsBytes }) => fileBytes + eventsBytes > 0)
    log.record(
      LogKind.filled,
      this.#number,
      encodeJson({ through, base: last ? baseOf(last) : null, stream: this.topic }),
    )
  }

  async #writePart(segment: Segment, part: Part): Promise<void> {
    const { files } = this.#deps
    const path = join(this.folder, segment.name)
    const isNew = segment.fileBytes === 0 && segment.eventsBytes === 0
    if (isNew && (await files.makeFolder(this.folder))) this.#folderIsNew = true
    if (part.lines.length > 0) await this.#write(`${path}.events`, Buffer.concat(part.lines), segment.eventsBytes, true)
    if (part.length > 0) await this.#write(`${path}.c37`, part.bytes.subarray(0, part.length), part.offset, true)
    if (part.blocks.length > 0) {
      const entries = encodeBlocks(part.blocks)
      await this.#write(`${path}.index`, entries, segment.indexBytes, false)
      segment.indexBytes += entries.length
    }
    if (isNew) await this.#syncFolders()
  }

  async #write(path: string, bytes: Uint8Array, position: number, sync: boolean): Promise<void> {
    const { files } = this.#deps
    const fd = await files.open(path, true)
    try {
      await writeAll(files, fd, bytes, position)
      if (sync) await files.sync(fd)
    } finally {
      await files.close(fd)
    }
  }

  /** The names of new files are on disk when their folder is; those of new folders when all above them are. */
  async #syncFolders(): Promise<void> {
    const { files, folder } = this.#deps
    const levels = this.#folderIsNew ? this.topic.split('/').length : 0
    for (let up = 0; up <= levels; up++) {
      const path = up === 0 ? this.folder : join(this.folder, ...Array<string>(up).fill('..'))
      await syncFolder(files, up === this.topic.split('/').length ? folder : path)
    }
    this.#folderIsNew = false
  }

  /** The process ends: nothing comes any more. What is left in memory is sealed. */
  close(): void {
    if (this.#closed) return
    const atUs = this.#deps.utcUs()
    const { online, run, offline } = this.moment
    if (online) this.#settle(this.#lostToUs + 1)
    this.#moment = { ...this.#moment, online: false, run, offline: [...offline, { atUs, reason: ADAPTER_DOWN }] }
    this.#line({ event: 'stopped', atUs, firstUs: run?.firstUs ?? null, lastUs: run?.lastUs ?? null })
    this.#sealOpen()
    this.#closed = true
  }
}

/** What of a stream is in its segments: up to here in the last of them. */
export interface Base {
  readonly number: number
  readonly bytes: number
  readonly events: number
}

const baseOf = ({ number, fileBytes, eventsBytes }: Segment): Base => ({
  number,
  bytes: fileBytes,
  events: eventsBytes,
})

const encoder = new TextEncoder()
const encodeJson = (value: object): Uint8Array => encoder.encode(JSON.stringify(value))
