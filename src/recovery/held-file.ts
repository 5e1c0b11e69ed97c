/**
 * What a consumer without a store holds, on disk: appended once per turn of the
 * event loop, before the writes to its sockets, and now and then written anew as
 * a snapshot. `kill -9` at any byte costs at most the turn that was being
 * written; a power cut what was not synced, a second.
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { utcMs } from '../runtime/clock.ts'
import { isMissing } from '../runtime/errno.ts'
import type { Counter, Gauge, ServiceDeps } from '../runtime/service.ts'
import { type AbsentRange, type Lane, LedgerError, type LedgerSettings, StreamLedger } from '../streams/index.ts'
import { headerBytes, readBlocks } from './held-blocks.ts'
import { HeldReading, HeldWriter, type Track } from './held-records.ts'
import type { HeldStore } from './held-store.ts'

export interface HeldFileSettings extends Partial<LedgerSettings> {
  /** For metrics. */
  readonly consumer: string
  /** Appended bytes after which the file is written anew. Default 16 MiB. */
  readonly compactBytes?: number
  /** Age at which a stream that this run did not meet is forgotten. Default 30 days. */
  readonly keepDays?: number
  /**
   * Of the end of the last run, so many ms are taken for not held: for a consumer
   * that has made nothing durable of them when it is killed. Default 0.
   */
  readonly redoMs?: number
  /** How long after a failure the file is written anew. Default 5,000. */
  readonly retryMs?: number
}

type Deps = Pick<ServiceDeps, 'log' | 'metrics'>

interface HeldStream extends Track {
  readonly index: number
  readonly topic: string
  readonly ledger: StreamLedger
  /** Taken by the ledger, not yet where they should be; by their times. */
  readonly kept: Map<number, Lane>
  /** Met in this run. */
  isUsed: boolean
}

interface OpenFile {
  readonly fd: number
  size: number
}

const COMPACT_BYTES = 16 * 1024 * 1024
const KEEP_DAYS = 30
const DAY_US = 86_400_000_000
/** More are not recorded: they begin anew with each run. */
const MAX_STREAMS = 20_000
/** A turn that says more is written in parts. */
const FLUSH_BYTES = 1024 * 1024
const SYNC_DELAY_MS = 1000
const RETRY_MS = 5000

export class HeldFile implements HeldStore {
  readonly #path: string
  readonly #settings: HeldFileSettings
  readonly #log: Deps['log']
  readonly #streams = new Map<string, HeldStream>()
  readonly #writer = new HeldWriter()
  readonly #failing: Gauge
  #isTold = false
  readonly #written: Counter
  readonly #unrecorded: Counter
  /** `undefined` while it cannot be written. */
  #file: OpenFile | undefined
  /** Its successor: what is appended goes to both until it is synced. */
  #next: OpenFile | undefined
  #snapshotBytes = 0
  #nextIndex = 0
  #flushing: NodeJS.Immediate | undefined
  #compacting: NodeJS.Immediate | undefined
  #syncing: NodeJS.Timeout | undefined
  #retrying: NodeJS.Timeout | undefined
  #isClosed = false
  readonly #flushAtEnd = (): void => {
    this.#flushing = undefined
    this.flush()
  }

  private constructor(path: string, settings: HeldFileSettings, { log, metrics }: Deps) {
    this.#path = path
    this.#settings = settings
    this.#log = log
    const labels = { consumer: settings.consumer }
    this.#failing = metrics.gauge(
      'phasorbus_recovery_held_failing',
      '1 while what is held cannot be written down: what a restart then asks for again may be doubled.',
      labels,
    )
    this.#written = metrics.counter(
      'phasorbus_recovery_held_bytes_total',
      'Bytes written to the file of what is held.',
      labels,
    )
    this.#unrecorded = metrics.counter(
      'phasorbus_recovery_held_unrecorded_streams_total',
      'Streams beyond the bound of the file: they begin anew with each run.',
      labels,
    )
  }

  /**
   * Restores what an earlier run left. One process at a time: the folder is the
   * node's own. Throws HeldError for a file that is none, or of a later version.
   */
  static open(path: string, settings: HeldFileSettings, deps: Deps): HeldFile {
    const file = new HeldFile(path, settings, deps)
    file.#restore()
    const { redoMs = 0 } = settings
    if (redoMs > 0) for (const { ledger } of file.#streams.values()) ledger.redo(redoMs * 1000)
    const next = file.#begin()
    if (next) file.#succeed(next, true)
    return file
  }

  ledger(topic: string): StreamLedger {
    const stream = this.#stream(topic)
    stream.isUsed = true
    return stream.ledger
  }

  took(topic: string, timeUs: number, lane: Lane): void {
    const stream = this.#stream(topic)
    if (stream.kept.size > 0) stream.kept.delete(timeUs)
    const grid = stream.ledger.gridAt(timeUs)
    if (!grid || stream.index < 0) return
    this.#writer.took(stream.index, stream, grid, timeUs, lane)
    if (this.#writer.length > FLUSH_BYTES) this.flush()
  }

  kept(topic: string, timeUs: number, lane: Lane): void {
    this.#stream(topic).kept.set(timeUs, lane)
  }

  released(topic: string, timeUs: number, lane: Lane): void {
    const stream = this.#stream(topic)
    if (stream.kept.delete(timeUs) || stream.index < 0) return
    this.#writer.released(stream.index, timeUs, lane)
    this.#due()
  }

  gaveUp(topic: string, timeUs: number, reason: string): void {
    const { index } = this.#stream(topic)
    if (index < 0) return
    this.#writer.gaveUp(index, timeUs, reason)
    this.#due()
  }

  absent(topic: string, ranges: readonly AbsentRange[]): void {
    const { index } = this.#stream(topic)
    if (index < 0) return
    for (const range of ranges) this.#writer.absent(index, range)
    this.#due()
  }

  reopened(topic: string): void {
    this.#writeAnew(this.#stream(topic))
  }

  retired(topic: string): void {
    const stream = this.#stream(topic)
    stream.ledger.retire()
    stream.kept.clear()
    this.#writeAnew(stream)
  }

  #writeAnew(stream: HeldStream): void {
    if (stream.index < 0) return
    this.#writer.ledger(stream.index, this.#encoded(stream))
    this.#due()
  }

  flush(): void {
    if (this.#writer.length === 0) return
    this.#write(this.#writer.block())
    this.#writer.clear()
  }

  /** Writes what is left, and lets go of the file. What is kept, and was not taken, will be pending. */
  close(): void {
    if (this.#isClosed) return
    this.flush()
    this.#isClosed = true
    clearImmediate(this.#flushing)
    clearImmediate(this.#compacting)
    clearTimeout(this.#syncing)
    clearTimeout(this.#retrying)
    // The file has all that its successor has, unless it could not be written.
    if (this.#next && !this.#file) this.#succeed(this.#next, true)
    else this.#dropNext()
    if (this.#file) closeSync(this.#file.fd)
    this.#file = undefined
  }

  get #limit(): number {
    return this.#snapshotBytes + Math.max(this.#snapshotBytes, this.#settings.compactBytes ?? COMPACT_BYTES)
  }

  #stream(topic: string): HeldStream {
    return this.#streams.get(topic) ?? this.#add(topic, new StreamLedger(this.#settings))
  }

  #add(topic: string, ledger: StreamLedger): HeldStream {
    const isRecorded = this.#streams.size < MAX_STREAMS
    const index = isRecorded ? this.#nextIndex++ : -1
    if (!isRecorded) this.#unrecorded.add()
    const stream: HeldStream = { index, topic, ledger, kept: new Map(), isUsed: false, grid: undefined, timeUs: 0 }
    this.#streams.set(topic, stream)
    if (isRecorded) {
      this.#writer.stream(index, topic)
      this.#due()
    }
    return stream
  }

  #due(): void {
    if (this.#writer.length > FLUSH_BYTES) this.flush()
    else this.#flushing ??= setImmediate(this.#flushAtEnd)
  }

  #write(block: Uint8Array): void {
    if (this.#next && !this.#append(this.#next, block)) this.#dropNext()
    if (!this.#file) return
    if (!this.#append(this.#file, block)) {
      this.#fail()
      return
    }
    this.#syncing ??= setTimeout(() => this.#sync(), SYNC_DELAY_MS).unref()
    // Later: what was said may have frames wait for it.
    if (!this.#next && !this.#retrying && this.#file.size > this.#limit) this.#compactSoon()
  }

  #append(file: OpenFile, block: Uint8Array): boolean {
    try {
      const written = writeSync(file.fd, block, 0, block.length, file.size)
      if (written < block.length) throw new Error(`${written} of ${block.length} bytes were written`)
    } catch (error) {
      this.#warn(error)
      return false
    }
    file.size += block.length
    this.#written.add(block.length)
    return true
  }

  /** What was written in part would hide all behind it. The file is written anew, later. */
  #fail(): void {
    this.#failing.set(1)
    const file = this.#file
    this.#file = undefined
    if (file) {
      try {
        ftruncateSync(file.fd, file.size)
      } catch (error) {
        this.#warn(error)
      }
      closeSync(file.fd)
    }
    this.#retry()
  }

  #retry(): void {
    if (this.#isClosed) return
    this.#retrying ??= setTimeout(() => {
      this.#retrying = undefined
      this.#compact()
    }, this.#settings.retryMs ?? RETRY_MS).unref()
  }

  #sync(): void {
    this.#syncing = undefined
    const file = this.#file
    if (!file) return
    fdatasync(file.fd, (error) => {
      if (error && file === this.#file) this.#warn(error)
    })
  }

  /** Writes all that is known to a new file, which takes the place of the old one once it is on the disk. */
  #compact(): void {
    if (this.#next || this.#isClosed) return
    const next = this.#begin()
    if (!next) return
    fdatasync(next.fd, (error) => {
      if (this.#next !== next) return
      if (error) this.#giveUpNext(error)
      else this.#succeed(next)
    })
  }

  #compactSoon(): void {
    this.#compacting ??= setImmediate(() => {
      this.#compacting = undefined
      this.#compact()
    })
  }

  #begin(): OpenFile | undefined {
    // Else what the snapshot has would be said again behind it.
    this.flush()
    this.#forgetOld()
    const snapshot = this.#snapshot()
    let fd: number
    try {
      fd = openSync(`${this.#path}.next`, 'w', 0o600)
    } catch (error) {
      this.#giveUpNext(error)
      return undefined
    }
    const next = { fd, size: 0 }
    this.#next = next
    const parts = snapshot ? [headerBytes(), snapshot] : [headerBytes()]
    if (!parts.every((part) => this.#append(next, part))) {
      this.#giveUpNext()
      return undefined
    }
    this.#snapshotBytes = next.size
    return next
  }

  #succeed(next: OpenFile, mustSync = false): void {
    try {
      if (mustSync) fdatasyncSync(next.fd)
      renameSync(`${this.#path}.next`, this.#path)
    } catch (error) {
      this.#giveUpNext(error)
      return
    }
    if (this.#file) closeSync(this.#file.fd)
    this.#file = next
    this.#next = undefined
    if (!this.#syncFolder()) return
    this.#failing.set(0)
    if (this.#isTold) this.#log.info({ path: this.#path }, 'the accounts are written again')
    this.#isTold = false
  }

  /** Until its entry is on the disk, a power cut brings the old file back. */
  #syncFolder(): boolean {
    let folder: number
    try {
      folder = openSync(dirname(this.#path), 'r')
    } catch (error) {
      this.#failing.set(1)
      this.#warn(error)
      this.#retry()
      return false
    }
    fsync(folder, (error) => {
      if (error) this.#warn(error)
      closeSync(folder)
    })
    return true
  }

  /** The old file goes on, if there is one. */
  #giveUpNext(error?: unknown): void {
    if (error !== undefined) this.#warn(error)
    this.#dropNext()
    this.#failing.set(this.#file ? 0 : 1)
    this.#retry()
  }

  #dropNext(): void {
    const next = this.#next
    if (!next) return
    this.#next = undefined
    closeSync(next.fd)
    try {
      unlinkSync(`${this.#path}.next`)
    } catch (error) {
      this.#warn(error)
    }
  }

  #snapshot(): Uint8Array | undefined {
    const writer = new HeldWriter()
    for (const stream of this.#streams.values()) {
      if (stream.index < 0) continue
      writer.stream(stream.index, stream.topic)
      writer.ledger(stream.index, this.#encoded(stream))
      stream.grid = undefined
    }
    return writer.length > 0 ? writer.block() : undefined
  }

  #encoded({ ledger, kept }: HeldStream): Uint8Array {
    if (kept.size === 0) return ledger.encode()
    const without = StreamLedger.decode(ledger.encode(), this.#settings)
    for (const [timeUs, lane] of kept) without.release(timeUs, lane)
    return without.encode()
  }

  #forgetOld(): void {
    const oldestUs = utcMs() * 1000 - (this.#settings.keepDays ?? KEEP_DAYS) * DAY_US
    for (const [topic, { isUsed, ledger }] of this.#streams) {
      if (!isUsed && (ledger.closedUs ?? 0) < oldestUs) this.#streams.delete(topic)
    }
  }

  #restore(): void {
    const bytes = readIfThere(this.#path)
    const reading = new HeldReading(this.#settings)
    const good = readBlocks(this.#path, bytes, (records) => {
      try {
        reading.block(records)
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error
        this.#log.warn({ path: this.#path, error }, 'a part of the accounts cannot be read')
      }
    })
    if (good < bytes.length) {
      this.#log.warn(
        { path: this.#path, cutBytes: bytes.length - good },
        'the end of the accounts was torn; it is cut off',
      )
    }
    for (const [topic, ledger] of reading.ledgers) this.#add(topic, ledger)
    this.#writer.clear()
  }

  /** Once until they can be written again, however often it is tried. */
  #warn(error: unknown): void {
    const facts = { path: this.#path, error }
    if (this.#isTold) this.#log.debug(facts, 'the accounts cannot be written')
    else
      this.#log.error(
        facts,
        'the accounts cannot be written; live data go on, a restart would send again what they lack',
      )
    this.#isTold = true
  }
}

function readIfThere(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    if (isMissing(error)) return new Uint8Array()
    throw error
  }
}
