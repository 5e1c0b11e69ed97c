/**
 * A journal as it is on disk, for whoever looks at it: nothing is locked and
 * nothing changed, so it may be another process's that is at work on it.
 */
import { join } from 'node:path'
import { utcMs } from '../runtime/clock.ts'
import type { AbsentRange } from '../streams/index.ts'
import { BlockCache } from './block-cache.ts'
import type { JournalReader } from './journal.ts'
import { JournalError } from './journal-error.ts'
import { encodeEvent, type StreamMoment } from './journal-event.ts'
import { systemFiles } from './journal-files.ts'
import { readVersion } from './journal-version.ts'
import { loadJournal } from './load-journal.ts'
import type { LoadedStream } from './load-stream.ts'
import { MemoryBound } from './memory-bound.ts'
import { VERSION_FILE } from './paths.ts'
import type { Segment } from './segment.ts'
import { readEvents } from './segment-reader.ts'
import { type Damage, type ReadableStore, StoreReader } from './store-reader.ts'
import type { JournalSpan } from './stream-journal.ts'
import { spanOf } from './stream-store.ts'

/** Deeper than any state folder has its journals. */
const MAX_DEPTH = 8

export interface InspectedJournal {
  readonly folder: string
  /** Its frames are read as those of the version that this program knows, where not. */
  readonly isVersionReadable: boolean
  readonly streams: readonly InspectedStream[]
}

export interface InspectedStream {
  readonly topic: string
  readonly span: JournalSpan | undefined
  /** Oldest first; what is in the log alone is in them too. */
  readonly segments: readonly Segment[]
  /** Folder of the segments. */
  readonly folder: string
  readonly bytes: number
  readonly frames: number
  /** Frames came when it was written last. */
  readonly online: boolean
  readonly reader: JournalReader
  /** Sessions that began in what is kept. */
  sessions(): Promise<number>
  /** Time within the span without a session, or of which frames are known to be lost. */
  gaps(): Promise<readonly AbsentRange[]>
}

/** Folders of journals in a folder: itself, or those below it. */
export async function findJournals(folder: string): Promise<string[]> {
  let level = [folder]
  const found: string[] = []
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    const next: string[] = []
    for (const path of level) {
      const entries = await systemFiles.list(path)
      if (entries.some(({ name }) => name === VERSION_FILE)) found.push(path)
      else next.push(...entries.filter((entry) => entry.folder).map(({ name }) => join(path, name)))
    }
    level = next
  }
  return found.sort()
}

/** `only`: streams that are looked at; all without it. */
export async function inspectJournal(folder: string, only?: (topic: string) => boolean): Promise<InspectedJournal> {
  const version = await readVersion(folder, systemFiles)
  if (version === undefined) {
    const cause = `it has no ${VERSION_FILE}`
    throw new JournalError({ code: 'JOURNAL_UNUSABLE', folder, cause }, `${folder} is no journal: ${cause}`)
  }
  const nowUs = Math.round(utcMs() * 1000)
  const context = { memory: new MemoryBound(Number.POSITIVE_INFINITY), nowUs }
  const { streams } = await loadJournal(folder, systemFiles, context, only)
  const blocks = new BlockCache()
  // Only cursors need it, and nobody keeps those of an inspection.
  const journalId = version === 'unreadable' ? '' : version.id
  const deps = { journalId, files: systemFiles, blocks, utcUs: () => nowUs }
  return {
    folder,
    isVersionReadable: version !== 'unreadable',
    streams: streams.map((loaded) => new StreamOnDisk(loaded, deps)),
  }
}

class StreamOnDisk implements InspectedStream, ReadableStore {
  readonly topic: string
  readonly folder: string
  readonly segments: readonly Segment[]
  readonly moment: StreamMoment
  readonly periodUs: number | undefined
  readonly reader: StoreReader

  constructor(
    { topic, folder, segments, moment, periodUs }: LoadedStream,
    deps: ConstructorParameters<typeof StoreReader>[1],
  ) {
    this.topic = topic
    this.folder = folder
    this.segments = segments
    this.moment = moment
    this.periodUs = periodUs
    this.reader = new StoreReader(this, deps)
  }

  get span(): JournalSpan | undefined {
    return spanOf(this.segments)
  }

  get bytes(): number {
    return this.segments.reduce((sum, { end }) => sum + end, 0)
  }

  get frames(): number {
    return this.segments.reduce((sum, { frames }) => sum + frames, 0)
  }

  get online(): boolean {
    return this.moment.online
  }

  async sessions(): Promise<number> {
    let count = 0
    for (const [index, segment] of this.segments.entries()) {
      const events = await readEvents({ folder: this.folder, files: systemFiles }, segment)
      // The one that went on when the oldest segment began: its own beginning may have expired.
      if (index === 0 && events.some((event) => event?.event === 'segment' && event.moment.online)) count++
      count += events.filter((event) => event?.event === 'session-began').length
    }
    return count
  }

  async gaps(): Promise<readonly AbsentRange[]> {
    if (!this.span) return []
    const cover = await this.reader.absent(this.span)
    return cover.filter(({ verdict }) => verdict === 'lost' || verdict === 'not-received')
  }

  /** For the answers that follow; whoever only looks writes nothing down. */
  damaged(segment: Segment, { offset, bytes, fromUs, toUs }: Damage): void {
    segment.appendLine(encodeEvent({ event: 'damaged', offset, bytes, fromUs, toUs }))
  }
}
