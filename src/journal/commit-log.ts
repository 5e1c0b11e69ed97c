/**
 * The one file that every frame of every stream goes to first. Appending is a
 * copy; what was appended goes to the system in one write, begun at the end of
 * the turn after a quiet spell and at most a write delay later in a busy one.
 * No caller ever waits for the disk, unless the delay is 0.
 */
import { join } from 'node:path'
import { monotonicMs } from '../runtime/clock.ts'
import { isMissing } from '../runtime/errno.ts'
import { type JournalFiles, syncFolder, writeAll } from './journal-files.ts'
import { encodeRecord, HEAD_SIZE, LOG_MAGIC, type LogKind } from './log-entry.ts'
import type { MemoryBound } from './memory-bound.ts'
import { logName } from './paths.ts'

const CHUNK_SIZE = 256 * 1024
/** Of one write: what is behind it waits for the next. */
const MAX_CHUNKS = 32
const SPARE_CHUNKS = 16
/** Of the write delay, between two writes. */
const PACE = 0.7
const FIRST_RETRY_MS = 50
const MAX_RETRY_MS = 1_000

/** One file of the log, in the order of their numbers. */
export interface LogFile {
  readonly number: number
  readonly path: string
}

interface OpenFile extends LogFile {
  readonly fd: number
  /** Bytes appended, handed to the system, and known to be on disk. */
  appended: number
  handed: number
  synced: number
  /** Its number may be that of another file by now. */
  closed: boolean
}

interface Chunk {
  readonly file: OpenFile
  readonly bytes: Uint8Array
  length: number
}

export interface CommitLogOptions {
  readonly folder: string
  readonly files: JournalFiles
  readonly memory: MemoryBound
  /** 0: each frame is written before `frame` returns. */
  readonly writeDelayMs: number
  readonly syncDelayMs: number
  readonly firstNumber: number
  readonly events: CommitLogEvents
}

/** What a log tells. Nothing here may throw. */
export interface CommitLogEvents {
  /** A write or a sync failed; it is tried again. What was appended is still here. */
  failed(error: unknown): void
  /** It works (again). */
  worked(): void
  /** A sync failed, so that nobody knows what of this file is on disk. */
  distrusted(): void
  wrote(bytes: number, ms: number): void
  syncedIn(ms: number): void
}

export class CommitLog {
  readonly #options: CommitLogOptions
  readonly #files: JournalFiles
  readonly #memory: MemoryBound
  readonly #paceMs: number
  #file: OpenFile
  /** Those that are not removed yet. */
  readonly #open = new Set<OpenFile>()
  #queue: Chunk[] = []
  readonly #spare: Uint8Array[] = []
  readonly #dirty = new Set<OpenFile>()
  #waiting: { readonly file: OpenFile; readonly position: number; readonly resolve: (ok: boolean) => void }[] = []
  #writing: Promise<void> | undefined
  #syncing: Promise<void> | undefined
  #armed: { cancel(): void } | undefined
  #syncTimer: NodeJS.Timeout | undefined
  #lastWriteMs = Number.NEGATIVE_INFINITY
  #retryMs = 0
  #closed = false

  static async open(options: CommitLogOptions): Promise<CommitLog> {
    return new CommitLog(options, await create(options, options.firstNumber))
  }

  private constructor(options: CommitLogOptions, file: OpenFile) {
    this.#options = options
    this.#files = options.files
    this.#memory = options.memory
    // Not all of it: a timer may come late, and the write takes its time too.
    this.#paceMs = options.writeDelayMs * PACE
    this.#file = file
    this.#open.add(file)
  }

  /** Changes with each file: a stream has to be named anew in each. */
  get number(): number {
    return this.#file.number
  }

  /** On disk, or on their way. */
  get bytes(): number {
    return [...this.#open].reduce((sum, { appended }) => sum + appended, 0)
  }

  /** The same of the files that were turned from. */
  get oldBytes(): number {
    return this.bytes - this.#file.appended
  }

  /** Appends a data frame; the bytes are copied. */
  frame(head: number, frame: Uint8Array): void {
    const size = HEAD_SIZE + frame.length
    const chunk = this.#room(size)
    const { bytes, length } = chunk
    bytes[length] = head >>> 24
    bytes[length + 1] = head >>> 16
    bytes[length + 2] = head >>> 8
    bytes[length + 3] = head
    bytes.set(frame, length + HEAD_SIZE)
    this.#appended(chunk, size)
  }

  record(kind: LogKind, stream: number, body: Uint8Array): void {
    const record = encodeRecord(kind, stream, body)
    const chunk = this.#room(record.length)
    chunk.bytes.set(record, chunk.length)
    this.#appended(chunk, record.length)
  }

  /**
   * From here on another file; rejects, and nothing has changed, if it cannot be
   * made. `atTurn` is called in between: all that was appended is in the old
   * one, and nothing is in the new one yet.
   */
  async rotate(atTurn: () => void): Promise<LogFile> {
    const next = await create(this.#options, this.#file.number + 1)
    const old = this.#file
    this.#file = next
    this.#open.add(next)
    atTurn()
    return old
  }

  /** Resolves once all that was appended is on disk; with `false` as soon as it fails. */
  settled(): Promise<boolean> {
    const file = this.#file
    if (file.synced >= file.appended) return Promise.resolve(true)
    const settled = new Promise<boolean>((resolve) => {
      this.#waiting.push({ file, position: file.appended, resolve })
    })
    if (file.handed < file.appended) {
      this.#write()
    } else {
      this.#dirty.add(file)
      this.#sync()
    }
    return settled
  }

  /** What of it is not written yet need not be: all of it is in the segments. A file that fails holds up no other then. */
  async abandon(file: LogFile): Promise<void> {
    await this.#idle()
    for (const chunk of this.#queue) if (chunk.file === file) this.#release(chunk)
    this.#queue = this.#queue.filter((chunk) => chunk.file !== file)
    this.#dirty.delete(file as OpenFile)
  }

  /**
   * Forgets a file, and what of it is not written yet: all of it is in the
   * segments. Rejects with the system's error, and can be called again.
   */
  async remove(file: LogFile): Promise<void> {
    const known = file as OpenFile
    await this.abandon(known)
    await this.#closeOnce(known)
    await this.#files.unlink(known.path).catch((error: unknown) => {
      if (!isMissing(error)) throw error
    })
    this.#open.delete(known)
  }

  /** Writes and syncs once more, then lets go of its files. `remove`: they hold nothing that the segments have not. */
  async close(remove: boolean): Promise<void> {
    const settled = await this.settled()
    this.#closed = true
    this.#armed?.cancel()
    clearTimeout(this.#syncTimer)
    await this.#idle()
    // Newest first: whatever remains if we are killed now still tells where its segments ended.
    for (const file of [...this.#open].toReversed()) await (remove ? this.remove(file) : this.#closeOnce(file))
    if (!remove && !settled) throw Object.assign(new Error('the log could not be written'), { code: 'EIO' })
  }

  async #idle(): Promise<void> {
    while (this.#writing || this.#syncing) await Promise.all([this.#writing, this.#syncing])
  }

  /** Whatever it says, the system has let go of it then. */
  async #closeOnce(file: OpenFile): Promise<void> {
    if (file.closed) return
    file.closed = true
    await this.#files.close(file.fd)
  }

  #room(size: number): Chunk {
    const last = this.#queue.at(-1)
    if (last && last.file === this.#file && last.length + size <= last.bytes.length) return last
    // Written, and of the file before or too small: what comes now waits for nothing.
    if (last?.length === 0) this.#release(this.#queue.pop()!)
    const bytes = size > CHUNK_SIZE ? new Uint8Array(size) : (this.#spare.pop() ?? new Uint8Array(CHUNK_SIZE))
    const chunk = { file: this.#file, bytes, length: 0 }
    this.#queue.push(chunk)
    return chunk
  }

  #appended(chunk: Chunk, size: number): void {
    chunk.length += size
    chunk.file.appended += size
    this.#memory.used += size
    if (this.#options.writeDelayMs === 0 && this.#canWriteNow()) this.#writeNow(chunk)
    else if (!this.#armed && !this.#writing) this.#arm()
  }

  // --- writing

  #arm(): void {
    if (this.#closed) return
    const waitMs = Math.max(this.#lastWriteMs + this.#paceMs - monotonicMs(), this.#retryMs)
    const write = (): void => {
      this.#armed = undefined
      this.#write()
    }
    if (waitMs < 1) {
      const immediate = setImmediate(write)
      this.#armed = { cancel: () => clearImmediate(immediate) }
    } else {
      const timer = setTimeout(write, waitMs)
      this.#armed = { cancel: () => clearTimeout(timer) }
    }
  }

  #canWriteNow(): boolean {
    return !this.#writing && this.#retryMs === 0 && this.#queue.length === 1
  }

  #writeNow(chunk: Chunk): void {
    const { file } = chunk
    const startMs = monotonicMs()
    try {
      const written = this.#files.writeSync(file.fd, chunk.bytes, chunk.length, file.handed)
      this.#handed(file, written)
      this.#options.events.wrote(written, monotonicMs() - startMs)
      if (written < chunk.length) {
        chunk.bytes.copyWithin(0, written, chunk.length)
        this.#arm()
      }
      chunk.length -= written
    } catch (error) {
      this.#failed(error)
    }
  }

  #write(): void {
    if (this.#writing || this.#queue.length === 0) return
    this.#armed?.cancel()
    this.#armed = undefined
    this.#writing = this.#writeQueued().then(() => {
      this.#writing = undefined
      if (this.#queue.some(({ length }) => length > 0)) this.#arm()
    })
  }

  /** Never rejects. */
  async #writeQueued(): Promise<void> {
    const { file } = this.#queue[0]!
    const end = this.#queue.findIndex((chunk) => chunk.file !== file)
    const chunks = this.#queue.splice(0, Math.min(end === -1 ? this.#queue.length : end, MAX_CHUNKS))
    const startMs = monotonicMs()
    this.#lastWriteMs = startMs
    const total = chunks.reduce((sum, { length }) => sum + length, 0)
    try {
      const parts = chunks.map(({ bytes, length }) => bytes.subarray(0, length))
      const written = await this.#files.writev(file.fd, parts, file.handed)
      const startedAt = file.handed
      if (written < total)
        await writeAll(this.#files, file.fd, Buffer.concat(parts).subarray(written), startedAt + written)
    } catch (error) {
      this.#queue.unshift(...chunks)
      this.#failed(error)
      return
    }
    this.#handed(file, total)
    for (const { bytes } of chunks) this.#reuse(bytes)
    this.#options.events.wrote(total, monotonicMs() - startMs)
  }

  #handed(file: OpenFile, bytes: number): void {
    file.handed += bytes
    this.#memory.used -= bytes
    this.#retryMs = 0
    this.#options.events.worked()
    this.#dirty.add(file)
    const waited = this.#waiting.some((waiter) => waiter.file === file && waiter.position <= file.handed)
    if (waited) this.#sync()
    else this.#syncTimer ??= setTimeout(() => this.#sync(), this.#options.syncDelayMs / 2)
  }

  #failed(error: unknown): void {
    this.#retryMs = Math.min(this.#retryMs * 2 || FIRST_RETRY_MS, MAX_RETRY_MS)
    this.#giveUpWaiting()
    this.#options.events.failed(error)
    if (!this.#armed && !this.#writing) this.#arm()
  }

  // --- syncing

  #sync(): void {
    clearTimeout(this.#syncTimer)
    this.#syncTimer = undefined
    if (this.#syncing || this.#dirty.size === 0) return
    this.#syncing = this.#syncDirty().then(() => {
      this.#syncing = undefined
      if (this.#dirty.size > 0 && !this.#closed) {
        this.#syncTimer ??= setTimeout(() => this.#sync(), this.#options.syncDelayMs / 2)
      }
    })
  }

  /** Never rejects. */
  async #syncDirty(): Promise<void> {
    for (const file of [...this.#dirty]) {
      const { handed } = file
      const startMs = monotonicMs()
      this.#dirty.delete(file)
      try {
        await this.#files.sync(file.fd)
      } catch (error) {
        this.#giveUpWaiting()
        this.#options.events.failed(error)
        this.#options.events.distrusted()
        continue
      }
      file.synced = handed
      this.#options.events.syncedIn(monotonicMs() - startMs)
    }
    this.#waiting = this.#waiting.filter(({ file, position, resolve }) => {
      if (file.synced < position) return true
      resolve(true)
      return false
    })
  }

  #giveUpWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { resolve } of waiting) resolve(false)
  }

  #release({ bytes, length }: Chunk): void {
    this.#memory.used -= length
    this.#reuse(bytes)
  }

  #reuse(bytes: Uint8Array): void {
    if (bytes.length === CHUNK_SIZE && this.#spare.length < SPARE_CHUNKS) this.#spare.push(bytes)
  }
}

async function create({ folder, files }: CommitLogOptions, number: number): Promise<OpenFile> {
  const path = join(folder, logName(number))
  const fd = await files.open(path, true)
  try {
    await files.truncate(fd, 0)
    await writeAll(files, fd, LOG_MAGIC, 0)
    await syncFolder(files, folder)
  } catch (error) {
    await files.close(fd)
    throw error
  }
  const length = LOG_MAGIC.length
  return { number, path, fd, appended: length, handed: length, synced: 0, closed: false }
}
