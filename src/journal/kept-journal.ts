/**
 * A journal that is being written: the commit log, the streams, and the work
 * that moves what was logged into segments and lets go of what is too old.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JournalConfig } from '../config/journal.ts'
import { aborted } from '../runtime/aborted.ts'
import { monotonicMs, utcMs } from '../runtime/clock.ts'
import { errnoOf, isMissing, isPassing } from '../runtime/errno.ts'
import { LOCK_BEAT_MS, type LockHolder } from '../runtime/process-lock.ts'
import type { ServiceDeps } from '../runtime/service.ts'
import { parseStreamTopic } from '../streams/index.ts'
import { BlockCache } from './block-cache.ts'
import { CommitLog } from './commit-log.ts'
import { DiskAlarm } from './disk-alarm.ts'
import { finishStream } from './finish-stream.ts'
import { inParallel } from './in-parallel.ts'
import type { Journal, JournalReader } from './journal.ts'
import { JournalCounters } from './journal-counters.ts'
import { JournalError } from './journal-error.ts'
import type { JournalFiles } from './journal-files.ts'
import { readVersion, writeVersion } from './journal-version.ts'
import { type LoadedJournal, loadJournal } from './load-journal.ts'
import { type Lock, takeLock } from './lock.ts'
import { MemoryBound } from './memory-bound.ts'
import { expire } from './retention.ts'
import { SegmentFiller } from './segment-filler.ts'
import { StoreReader } from './store-reader.ts'
import type { StreamJournal } from './stream-journal.ts'
import { type StoreDeps, StreamStore } from './stream-store.ts'

/** Frames and events in memory, and on their way to the log: beyond it frames are lost, and recorded so. */
export const MAX_MEMORY_BYTES = 192 * 1024 * 1024
/** At which what is in memory goes to the segments before its time; less where the whole journal is to be small. */
const FILL_BYTES = 64 * 1024 * 1024
const LEAST_FILL_BYTES = 256 * 1024
const FILL_EVERY_MS = 20_000
/** Streams whose files are written at the same time when nobody needs the disk but we. */
const AT_ONCE = 4
const TICK_MS = LOCK_BEAT_MS
/** Of the bytes on disk: what logs may take that wait for a stream whose files fail. */
const HELD_SHARE = 1 / 8
const LEAST_SEGMENT_BYTES = 4096
const MOST_SEGMENT_BYTES = 1024 * 1024 * 1024
const DAY_US = 86_400_000_000
/** No room but what we make. */
const noSpace = new Set(['ENOSPC', 'EDQUOT'])

export interface KeptJournalDeps extends ServiceDeps {
  readonly files: JournalFiles
  /** The clock of this node, µs since the UNIX epoch. */
  readonly utcUs?: () => number
  readonly maxMemoryBytes?: number
  /** How often what was logged is moved into segments. */
  readonly fillEveryMs?: number
  /** Known to be dead: if it kept the journal before, nobody has to look whether it lives. */
  readonly dead?: LockHolder | undefined
}

export class KeptJournal implements Journal {
  /** Recovered, or failing. Rejects with a JournalError, or the system's error where waiting is of no use. */
  readonly begun: Promise<void>
  readonly done: Promise<void>
  readonly #config: JournalConfig
  readonly #deps: KeptJournalDeps
  readonly #files: JournalFiles
  readonly #utcUs: () => number
  readonly #memory: MemoryBound
  readonly #counters: JournalCounters
  readonly #blocks = new BlockCache()
  readonly #stores = new Map<string, StreamStore>()
  readonly #readers = new Map<string, JournalReader>()
  readonly #stop = new AbortController()
  #id = ''
  #lock: Lock | undefined
  #log: CommitLog | undefined
  readonly #alarm: DiskAlarm
  readonly #filler: SegmentFiller
  readonly #fillEveryMs: number
  #lastFillMs = monotonicMs()
  #lastFreedMs = Number.NEGATIVE_INFINITY
  #fillWanted = false
  #streams = 0
  readonly #fillBytes: number

  constructor(config: JournalConfig, deps: KeptJournalDeps) {
    this.#config = config
    this.#deps = deps
    this.#files = deps.files
    this.#fillEveryMs = deps.fillEveryMs ?? FILL_EVERY_MS
    this.#fillBytes = Math.max(LEAST_FILL_BYTES, Math.min(FILL_BYTES, config.maxBytes / 8))
    this.#utcUs = deps.utcUs ?? (() => Math.round(utcMs() * 1000))
    this.#memory = new MemoryBound(deps.maxMemoryBytes ?? MAX_MEMORY_BYTES)
    this.#counters = new JournalCounters(deps.metrics)
    this.#alarm = new DiskAlarm(config.folder, this.#counters, deps.log)
    this.#filler = new SegmentFiller({
      stores: () => this.#stores.values(),
      memory: this.#memory,
      counters: this.#counters,
      log: deps.log,
      maxHeldBytes: Math.max(LEAST_FILL_BYTES, config.maxBytes * HELD_SHARE),
      signal: this.#stop.signal,
    })
    void aborted(deps.signal).then(() => this.#stop.abort())
    this.begun = this.#begin()
    this.done = this.begun.catch(() => this.#stop.abort()).then(() => this.#run())
  }

  get topics(): readonly string[] {
    return [...this.#stores.keys()]
  }

  get writesAtOnce(): boolean {
    return this.#config.writeDelayMs === 0
  }

  get failing(): boolean {
    return this.#alarm.stands
  }

  stream(topic: string): StreamJournal {
    const known = this.#stores.get(topic)
    if (known) return known
    parseStreamTopic(topic)
    return this.#add(topic)
  }

  reader(topic: string): JournalReader | undefined {
    const known = this.#readers.get(topic)
    if (known) return known
    if (!this.#log) return notReady(this.#config.folder)
    const store = this.#stores.get(topic)
    if (!store) return undefined
    const reader = new StoreReader(store, {
      journalId: this.#id,
      files: this.#files,
      blocks: this.#blocks,
      utcUs: this.#utcUs,
    })
    this.#readers.set(topic, reader)
    return reader
  }

  async #begin(): Promise<void> {
    try {
      await this.#recover()
    } catch (error) {
      if (!isPassing(error)) throw error
      this.#alarm.failed('segments', error)
    }
  }

  /** Reads what an earlier run left, finishes what it could not, and begins a log. Rejects with the system's error. */
  async #recover(): Promise<void> {
    const { folder } = this.#config
    await this.#files.makeFolder(folder)
    this.#lock ??= await takeLock(folder, this.#config, this.#deps.dead)
    this.#id = await this.#identify(folder)
    const loaded = await loadJournal(folder, this.#files, {
      memory: new MemoryBound(Number.POSITIVE_INFINITY),
      nowUs: this.#utcUs(),
    })
    const deps = { files: this.#files, left: this.#lock.left, delays: this.#config, nowUs: this.#utcUs() }
    await inParallel(loaded.streams, AT_ONCE, (stream) => {
      return finishStream(stream, this.#stores.get(stream.topic) ?? this.#add(stream.topic), deps)
    })
    // Newest first: whatever remains if we are killed now still tells where its segments ended.
    for (const path of loaded.logs.toReversed()) await this.#files.unlink(path)
    this.#tellLoaded(loaded)
    this.#log = await this.#openLog(loaded.lastLog + 1)
    this.#alarm.worked('log')
    this.#alarm.worked('segments')
  }

  /** Its id, or a new one where there is none that can be read: cursors of before say nothing then. */
  async #identify(folder: string): Promise<string> {
    const version = await readVersion(folder, this.#files)
    if (typeof version === 'object') return version.id
    if (version === 'unreadable') {
      this.#deps.log.warn(
        { folder },
        'the version of the journal could not be read and is written anew; its frames are kept',
      )
    }
    const id = randomBytes(8).toString('hex')
    await writeVersion(folder, this.#files, id)
    return id
  }

  async #openLog(firstNumber: number): Promise<CommitLog> {
    const { folder, writeDelayMs, syncDelayMs } = this.#config
    const [counters, memory] = [this.#counters, this.#memory]
    return await CommitLog.open({
      folder,
      files: this.#files,
      memory,
      writeDelayMs,
      syncDelayMs,
      firstNumber,
      events: {
        failed: (error) => {
          // Perhaps another file takes it.
          this.#fillWanted = true
          this.#alarm.failed('log', error)
        },
        worked: () => this.#alarm.worked('log'),
        distrusted: () => {
          this.#fillWanted = true
        },
        wrote(bytes, ms) {
          counters.memoryBytes.set(memory.used)
          counters.writes.add()
          counters.writtenBytes.add(bytes)
          counters.writeSeconds.add(ms / 1000)
          if (ms / 1000 > counters.slowestWriteSeconds.value) counters.slowestWriteSeconds.set(ms / 1000)
        },
        syncedIn(ms) {
          counters.syncs.add()
          counters.syncSeconds.add(ms / 1000)
        },
      },
    })
  }

  #add(topic: string): StreamStore {
    const deps: StoreDeps = {
      folder: this.#config.folder,
      files: this.#files,
      memory: this.#memory,
      counters: this.#counters,
      log: this.#deps.log,
      commitLog: () => this.#log,
      segmentBytes: () => this.#segmentBytes(),
      segmentUs: Math.min(DAY_US, (this.#config.maxAgeDays * DAY_US) / 8),
      utcUs: this.#utcUs,
      trouble: () => this.#alarm.lastError,
    }
    const store = new StreamStore(topic, ++this.#streams, deps)
    this.#stores.set(topic, store)
    return store
  }

  /** So small that the bound of bytes can be kept by letting whole segments go. */
  #segmentBytes(): number {
    const { segmentBytes, maxBytes } = this.#config
    const share = maxBytes / (8 * Math.max(1, this.#stores.size))
    return Math.max(LEAST_SEGMENT_BYTES, Math.min(segmentBytes, share, MOST_SEGMENT_BYTES))
  }

  #tellLoaded({ streams, logs, damagedLogBytes, orphanEntries }: LoadedJournal): void {
    const unclean = streams.filter(({ clean }) => !clean).length
    if (logs.length > 0 || unclean > 0) {
      this.#deps.log.warn(
        { folder: this.#config.folder, streams: unclean, logs: logs.length },
        'the journal was not closed; what was in its log is in its segments now',
      )
    }
    if (damagedLogBytes > 0 || orphanEntries > 0) {
      this.#deps.log.error(
        { folder: this.#config.folder, bytes: damagedLogBytes, entries: orphanEntries },
        'the log of the journal was damaged; the frames that it was are lost',
      )
    }
  }

  // --- its work

  async #run(): Promise<void> {
    const { signal } = this.#stop
    const tickMs = Math.min(TICK_MS, this.#deps.fillEveryMs ?? TICK_MS)
    // Apart from the work, which may wait for the disk: whoever does not beat is taken for dead.
    const beating = setInterval(() => void this.#beat(), LOCK_BEAT_MS)
    while (!signal.aborted) {
      await sleep(tickMs, undefined, { signal }).catch(ignoreAbort)
      if (!signal.aborted) await this.#tick()
    }
    clearInterval(beating)
    await this.#close()
  }

  async #beat(): Promise<void> {
    try {
      await this.#lock?.beat()
    } catch (error) {
      this.#deps.log.warn({ folder: this.#config.folder, error }, 'the lock of the journal cannot be touched')
    }
  }

  /** Never rejects. */
  async #tick(): Promise<void> {
    try {
      if (!this.#log) await this.#recover()
      const due = monotonicMs() - this.#lastFillMs >= this.#fillEveryMs
      for (const store of this.#stores.values()) store.tick()
      if (due || this.#fillWanted || this.#memory.used >= this.#fillBytes) await this.#fill()
      this.#counters.memoryBytes.set(this.#memory.used)
    } catch (error) {
      this.#fillWanted = true
      this.#alarm.failed('segments', error)
    }
  }

  /** Moves what was logged so far into the segments, then lets its log go. */
  async #fill(): Promise<void> {
    const log = this.#log
    if (!log) return
    this.#lastFillMs = monotonicMs()
    this.#fillWanted = false
    const filled = await settle(() => this.#filler.fill(log))
    // Whatever came of that: on a full disk it is what makes room.
    const expired = await settle(() => this.#expire(log, this.#isFull(filled)))
    for (const { failed, error } of [filled, expired]) if (failed) throw error
    this.#alarm.worked('segments')
  }

  #isFull({ error }: Outcome): boolean {
    return noSpace.has(errnoOf(error)) || (this.#alarm.stands && noSpace.has(this.#alarm.lastError))
  }

  async #expire(log: CommitLog, isFull: boolean): Promise<void> {
    // Once in a while only: if it is others that fill the disk, not all is gone in a moment.
    const mayGo = isFull && monotonicMs() - this.#lastFreedMs >= this.#fillEveryMs
    if (mayGo) this.#lastFreedMs = monotonicMs()
    const { diskBytes, expired } = await expire(
      [...this.#stores.values()],
      { ...this.#config, logBytes: log.bytes, wantedBytes: mayGo ? this.#memory.used : 0 },
      this.#files,
      this.#utcUs(),
    )
    this.#counters.diskBytes.set(diskBytes)
    this.#counters.expiredSegments.add(expired)
    if (!mayGo || expired === 0) return
    this.#deps.log.error(
      { folder: this.#config.folder, segments: expired },
      'the disk of the journal is full: its oldest segments are gone, before their age and the bound of bytes',
    )
  }

  /**
   * Never rejects: what cannot go into segments is in the log, for the next
   * run. What can go nowhere is lost, and the next run is to know of it.
   */
  async #close(): Promise<void> {
    for (const store of this.#stores.values()) store.close()
    const inSegments = await this.#orTell(() => this.#fillAtOnce())
    const inLog = (await this.#orTell(async () => this.#log?.close(inSegments))) && this.#log !== undefined
    if (inSegments) await this.#orTell(() => this.#removeLogs())
    const isSafe = inSegments || inLog
    await this.#orTell(async () => (isSafe ? this.#lock?.release() : this.#lock?.abandon()))
  }

  async #fillAtOnce(): Promise<void> {
    const stores = [...this.#stores.values()].filter((store) => store.hasParts)
    for (const store of stores) store.seal()
    await inParallel(stores, AT_ONCE, (store) => store.fill())
  }

  /** Whether it could be done. */
  async #orTell(work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      this.#deps.log.error({ folder: this.#config.folder, error }, 'the journal could not be closed as it should be')
      return false
    }
  }

  /** Of a fill that the end of the process cut short. */
  async #removeLogs(): Promise<void> {
    const { folder } = this.#config
    if (!this.#log) return
    for (const { name } of await this.#files.list(folder)) {
      if (!name.endsWith('.log')) continue
      await this.#files.unlink(join(folder, name)).catch((error: unknown) => {
        if (!isMissing(error)) throw error
      })
    }
  }
}

/** Nobody knows yet what is on the disk, so nobody may say that there is nothing. */
const notReady = (folder: string): JournalReader => ({
  span: undefined,
  read: () =>
    Promise.reject(new JournalError({ code: 'JOURNAL_NOT_READY', folder }, `${folder} could not be read yet`)),
})

interface Outcome {
  readonly failed: boolean
  readonly error?: unknown
}

async function settle(work: () => Promise<void>): Promise<Outcome> {
  try {
    await work()
    return { failed: false }
  } catch (error) {
    return { failed: true, error }
  }
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error
}
