/**
 * Writes what a historian takes, in transactions: frames, and of which
 * timestamps they are, are never there without the other. A batch waits while
 * the one before is being written; what cannot be written stays in memory and is
 * tried again, up to a bound at which nobody is there to take more.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { DuckDBAppender } from '@duckdb/node-api'
import type { Counter, Gauge, Log, Metrics } from '../runtime/service.ts'
import type { ArchivedStretch } from './archived-stretches.ts'
import { Batch } from './batch.ts'
import { type Connection, isFatal } from './database.ts'
import { STAGED, STAGING } from './schema.ts'
import type { Store } from './store.ts'

export interface HotWriterDeps {
  readonly log: Log
  readonly metrics: Metrics
  /** For logs and metrics. */
  readonly historian: string
  /** Called when a batch is cut: what is held then. */
  readonly held: () => Batch['held']
  /** There is room for late frames again, that was not there before. */
  readonly room?: () => void
}

/** Frames that wait for the disk, in bytes: beyond it nothing more is taken, and gaps heal later. */
export const MAX_WAITING_BYTES = 64 * 1024 * 1024
const FLUSH_MS = 200
const RETRY_MS = 2000
/** Rows that are given to DuckDB before what is live has its turn. */
const ROWS_PER_TURN = 500

export class HotWriter {
  readonly #store: Pick<Store, 'reopen'>
  readonly #connection: Connection
  readonly #deps: HotWriterDeps
  readonly #timer: NodeJS.Timeout
  readonly #rows: Counter
  readonly #waiting: Gauge
  readonly #failing: Gauge
  #batch = new Batch()
  /** What is being written, or could not be. */
  #writing: Batch | undefined
  #number: number
  #work: Promise<void> = Promise.resolve()
  #retryAtMs = 0
  /** The database is of no use until it is opened anew, which may fail, too. */
  #isReopenDue = false
  #isClosed = false

  /** `number`: of the last batch that was written. */
  private constructor(store: Pick<Store, 'reopen'>, connection: Connection, number: number, deps: HotWriterDeps) {
    this.#store = store
    this.#connection = connection
    this.#number = number
    this.#deps = deps
    const { metrics, historian } = deps
    this.#rows = metrics.counter('phasorbus_historian_stored_frames_total', 'Frames that are on disk.', { historian })
    this.#waiting = metrics.gauge(
      'phasorbus_historian_waiting_bytes',
      `Frames that wait to be written; at ${MAX_WAITING_BYTES} nothing more is taken.`,
      { historian },
    )
    this.#failing = metrics.gauge('phasorbus_historian_write_failing', '1 while the store cannot be written.', {
      historian,
    })
    this.#timer = setInterval(() => this.#look(), FLUSH_MS)
  }

  static async open(store: Pick<Store, 'connect' | 'reopen'>, deps: HotWriterDeps): Promise<HotWriter> {
    const connection = await store.connect(STAGING)
    return new HotWriter(store, connection, await lastBatch(connection), deps)
  }

  /** Into which the next goes. */
  get batch(): Batch {
    return this.#batch
  }

  get isFull(): boolean {
    return this.#waitingBytes > MAX_WAITING_BYTES
  }

  /** For late frames: live ones have the other half. */
  get isFullForLate(): boolean {
    const isFull = this.#waitingBytes > MAX_WAITING_BYTES / 2
    if (isFull) this.#isWaitedFor = true
    return isFull
  }

  /** The last batch that is on disk, and what a ledger of this stream has let go of in the one that is on its way. */
  archivedOf(stream: number): { readonly written: number; readonly writing: readonly ArchivedStretch[] } {
    const writing = (this.#writing?.held ?? []).filter((held) => held.stream === stream)
    return {
      written: this.#writing ? this.#number - 1 : this.#number,
      writing: writing.flatMap(({ archived = [] }) => archived),
    }
  }

  get #waitingBytes(): number {
    return this.#batch.bytes + (this.#writing?.bytes ?? 0)
  }

  /** Resolves when all that was taken so far is on disk; rejects where it cannot be. */
  flush(): Promise<void> {
    const flushed = this.#work.then(async () => {
      await this.#write()
      this.#cut()
      await this.#write()
    })
    this.#work = flushed.catch(() => {})
    return flushed
  }

  /** Writes what it has, and ends. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#timer)
    await this.flush()
  }

  #look(): void {
    this.#waiting.set(this.#waitingBytes)
    if (this.#isBusy || Date.now() < this.#retryAtMs) return
    if (!this.#writing) this.#cut()
    if (!this.#writing) return
    this.#isBusy = true
    const failed = (error: unknown): void => {
      if (this.#failing.value === 0) {
        const facts = { historian: this.#deps.historian, error }
        this.#deps.log.error(facts, 'the store cannot be written: it is tried again, and frames wait')
      }
      this.#failing.set(1)
      this.#retryAtMs = Date.now() + RETRY_MS
    }
    this.#work = this.#work
      .then(() => this.#write())
      .catch(async (error: unknown) => {
        failed(error)
        if (isFatal(error)) await this.#reopen()
      })
      .catch(failed)
      .finally(() => {
        this.#isBusy = false
      })
  }

  #isBusy = false
  #isWaitedFor = false

  #cut(): void {
    this.#batch.held = this.#deps.held()
    if (this.#batch.isEmpty) return
    this.#writing = this.#batch
    this.#batch = new Batch()
    this.#number++
  }

  async #write(): Promise<void> {
    if (this.#isReopenDue) await this.#reopen()
    const batch = this.#writing
    if (!batch) return
    try {
      await this.#stage(batch)
      await this.#connection.transaction(async () => {
        for (const table of STAGED) await this.#connection.run(`insert into ${table} from staged_${table}`)
      })
    } catch (error) {
      this.#isReopenDue = isFatal(error)
      throw error
    }
    this.#writing = undefined
    this.#rows.add(batch.frames.length)
    if (this.#failing.value === 1)
      this.#deps.log.info({ historian: this.#deps.historian }, 'the store is written again')
    this.#failing.set(0)
    if (this.#isWaitedFor && this.#waitingBytes <= MAX_WAITING_BYTES / 2) {
      this.#isWaitedFor = false
      this.#deps.room?.()
    }
  }

  /** The batch may be on disk in spite of the error: then it is not written again. */
  async #reopen(): Promise<void> {
    await this.#store.reopen()
    if (this.#writing && (await lastBatch(this.#connection)) >= this.#number) {
      this.#rows.add(this.#writing.frames.length)
      this.#writing = undefined
    }
    this.#isReopenDue = false
    this.#deps.log.warn({ historian: this.#deps.historian }, 'the store was opened anew')
  }

  async #stage(batch: Batch): Promise<void> {
    for (const table of STAGED) await this.#connection.run(`truncate staged_${table}`)
    const number = BigInt(this.#number)
    await this.#append('staged_streams', batch.newStreams.length, (appender, at) => {
      const { stream, topic } = batch.newStreams[at]!
      appender.appendInteger(stream)
      appender.appendVarchar(topic)
    })
    await this.#append('staged_configurations', batch.newConfigurations.length, (appender, at) => {
      const { epoch, stream, sinceUs, frames } = batch.newConfigurations[at]!
      appender.appendInteger(epoch)
      appender.appendInteger(stream)
      appender.appendBigInt(BigInt(sinceUs))
      appender.appendBlob(frames)
    })
    await this.#append('staged_frames', batch.frames.length, (appender, at) => {
      appender.appendBigInt(number)
      appender.appendInteger(batch.streams[at]!)
      appender.appendInteger(batch.epochs[at]!)
      appender.appendInteger(batch.hours[at]!)
      appender.appendBigInt(BigInt(batch.timesUs[at]!))
      appender.appendUTinyInt(batch.kinds[at]!)
      appender.appendBlob(batch.frames[at]!)
    })
    await this.#append('staged_held', batch.held.length, (appender, at) => {
      const { stream, ledger } = batch.held[at]!
      appender.appendBigInt(number)
      appender.appendInteger(stream)
      appender.appendBlob(ledger)
    })
    const archived = batch.held.flatMap((held) => (held.archived ?? []).map((one) => ({ ...one, stream: held.stream })))
    await this.#append('staged_stretches', archived.length, (appender, at) => {
      const { stream, why, reason, grid, from, to } = archived[at]!
      appender.appendBigInt(number)
      appender.appendInteger(stream)
      appender.appendVarchar(why)
      appender.appendVarchar(reason)
      appender.appendInteger(grid.dataRate)
      appender.appendInteger(grid.timeBase)
      for (const value of [from, to, grid.microsecondsOf(from), grid.microsecondsOf(to - 1)])
        appender.appendBigInt(BigInt(value))
    })
  }

  async #append(table: string, count: number, row: (appender: DuckDBAppender, at: number) => void): Promise<void> {
    if (count === 0) return
    const appender = await this.#connection.appender(table)
    try {
      for (let at = 0; at < count; at++) {
        if (at > 0 && at % ROWS_PER_TURN === 0) {
          // By itself it would keep 200,000 rows, and give all of them at once.
          appender.flushSync()
          await turn()
        }
        row(appender, at)
        appender.endRow()
      }
      appender.flushSync()
    } finally {
      appender.closeSync()
    }
  }
}

/** 0 of an empty store. */
async function lastBatch(connection: Connection): Promise<number> {
  const [[number] = []] = await connection.rows(
    'select max(batch) from (select batch from frames union all select batch from held)',
  )
  return Number(number ?? 0)
}
