/**
 * Seals what is no longer hot: the frames of a stream and an hour become one
 * Parquet file, which any tool reads. Late ones make it be written anew, with a
 * higher generation; until that is there, the one before is.
 */
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isMissing } from '../runtime/errno.ts'
import type { Log } from '../runtime/service.ts'
import type { Connection, Row } from './database.ts'
import { describeColumns } from './describe-columns.ts'
import type { Cell, FrameTable } from './frame-table.ts'
import { HOUR_US, hourOf, Kind } from './schema.ts'
import { bytesOf, numberedParquet, parquet, quoted, text } from './sql.ts'
import type { Epoch, Segment, Store } from './store.ts'
import { joinedTierSql, type Tier, tierSql, tiers } from './tiers.ts'

/** Numbers that are given to DuckDB at once. */
const CELLS_PER_FLUSH = 20_000
const SEALED = 'sealed'
/** Late frames of an hour that are sealed though more come. */
const MANY_ROWS = 200_000
/** Batches of a minute. */
const QUIET_BATCHES = 300
/** So long a file is there after another has taken its place. */
const REMOVAL_MS = 60_000
const PARQUET = 'format parquet, parquet_version v2, compression zstd, compression_level 3, dictionary_size_limit 1'

/** What of a stream and an hour is hot. */
interface Due {
  readonly stream: number
  readonly epoch: number
  readonly hour: number
}

export interface SealerDeps {
  readonly log: Log
  /** For logs. */
  readonly historian: string
  /** What is sealed already is sealed anew when nothing came of it in so many batches. Default: those of a minute. */
  readonly quietBatches?: number
}

export class Sealer {
  readonly #store: Store
  readonly #connection: Connection
  /** Reads while the other writes. */
  readonly #source: Connection

  readonly #deps: SealerDeps
  readonly #quietBatches: number
  readonly #removals = new Set<NodeJS.Timeout>()

  private constructor(store: Store, connection: Connection, source: Connection, deps: SealerDeps) {
    this.#deps = deps
    this.#quietBatches = deps.quietBatches ?? QUIET_BATCHES
    this.#store = store
    this.#connection = connection
    this.#source = source
  }

  static async open(store: Store, deps: SealerDeps): Promise<Sealer> {
    return new Sealer(store, await store.connect(), await store.connect(), deps)
  }

  /**
   * Seals all hours that have ended before this time. One to which late frames still come waits until none came for a
   * minute, or they are many: it would be written anew again and again. `progress`: told which part is done. Says how
   * many files were written.
   */
  async seal(beforeUs: number, signal?: AbortSignal, progress?: (part: number) => void): Promise<number> {
    // What was written after the last snapshot of what is held is known to be held by being hot.
    const [[cut] = []] = await this.#connection.rows('select max(batch) from held')
    if (cut === null || cut === undefined) return 0
    const due = await this.#connection.rows(
      `select stream, epoch, hour, max(batch), count(*) from frames where hour < ? and batch <= ? group by all
       order by hour, stream, epoch`,
      [hourOf(beforeUs), cut],
    )
    let files = 0
    for (const [at, [stream, epoch, hour, newest, rows]] of due.entries()) {
      if (signal?.aborted) break
      progress?.(at / due.length)
      const one = { stream: Number(stream), epoch: Number(epoch), hour: Number(hour) }
      const isQuiet = Number(cut) - Number(newest) >= this.#quietBatches || Number(rows) >= MANY_ROWS
      if (!isQuiet && this.#before(one).length > 0) continue
      try {
        await this.#sealOne(one, Number(cut))
        files++
      } catch (error) {
        // The others are no worse for it.
        const facts = {
          historian: this.#deps.historian,
          stream: this.#store.topicOf(one.stream),
          hour: one.hour,
          error,
        }
        this.#deps.log.error(facts, 'an hour could not be sealed: it stays hot, and is tried again')
      }
    }
    return files
  }

  /** Forgets what was held before it was noted again. */
  async forgetHeld(): Promise<void> {
    await this.#connection.run(
      'delete from held where batch < (select max(batch) from held as newer where newer.stream = held.stream)',
    )
  }

  /** Removes files of seals that were cut off, and those that were replaced just before the end. What else is unknown stays, and is said. */
  async tidy(): Promise<void> {
    const generations = new Map(this.#store.segments.map(({ path, generation }) => [placeOf(path), generation]))
    const known = new Set(this.#store.segments.map(({ path }) => path))
    const found = await readdir(this.#full(SEALED), { recursive: true }).catch((error: unknown) => {
      if (isMissing(error)) return []
      throw error
    })
    for (const name of found.map((file) => join(SEALED, file))) {
      const [, of] = /\.g(\d+)\.parquet$/.exec(name) ?? []
      const isOlder = of !== undefined && Number(of) < (generations.get(placeOf(name)) ?? 0)
      if (isOlder || name.endsWith('.parquet.tmp')) await rm(this.#full(name), { force: true })
      else if (of !== undefined && !known.has(name))
        this.#deps.log.warn(
          { historian: this.#deps.historian, file: name },
          'a sealed file is not in the catalog: it is not read',
        )
    }
  }

  async #sealOne({ stream, epoch: number, hour }: Due, cut: number): Promise<void> {
    const epoch = this.#store.epoch(number)
    const table = this.#store.tableOf(epoch)
    const before = this.#before({ stream, epoch: number, hour })
    const generation = Math.max(0, ...before.map((segment) => segment.generation)) + 1
    const where = `stream = ${stream} and epoch = ${number} and hour = ${hour} and batch <= ${cut}`
    const path = (tier: Tier): string => pathOf(tier, this.#store.topicOf(stream), hour, number, generation)

    await this.#columns(table, where)
    const known = before.find(({ tier }) => tier === 'frames')
    const query = (tier: Tier): string => {
      if (tier === 'frames') return framesSql(known && this.#full(known.path))
      const made = tierSql(table, this.#full(path('frames')), tier)
      const coarse = before.find((segment) => segment.tier === tier)
      return coarse ? joinedTierSql(table, made, `from ${this.#read(coarse.path)}`) : made
    }
    const made: Segment[] = []
    for (const tier of table.isWide ? (['frames'] as const) : tiers) {
      await this.#write(path(tier), query(tier), epoch, table)
      made.push(await this.#segmentOf({ stream, epoch: number, tier, hour, generation, path: path(tier) }))
    }
    await this.#connection.run('drop table sealing')
    await this.#connection.transaction(async () => {
      await this.#connection.run(`delete from frames where ${where}`)
      await this.#connection.run(
        `delete from segments where stream = ${stream} and epoch = ${number} and hour = ${hour}`,
      )
      for (const { rows, fromUs, toUs, bytes, ...of } of made) {
        const numbers = [rows, fromUs, toUs, bytes].map(BigInt)
        const values = [of.stream, of.epoch, of.tier, of.hour, of.generation, of.path, ...numbers]
        await this.#connection.run('insert into segments values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', values)
      }
    })
    this.#store.replaced(before, made)
    for (const { path: old } of before) this.#removeSoon(this.#full(old))
  }

  /** Forgets files whose time is over. Says how many. */
  async expire(nowUs: number, keepDays: Readonly<Partial<Record<Tier, number>>>): Promise<number> {
    const framesDays = keepDays.frames
    if (framesDays !== undefined) {
      const hour = hourOf(nowUs - framesDays * 24 * HOUR_US)
      await this.#connection.run(`delete from frames where hour < ${hour}`)
    }
    const sinceUs = keptSinceUs(nowUs, keepDays)
    if (sinceUs > 0) await this.#connection.run(`delete from stretches where last_us < ${sinceUs}`)
    const gone = this.#store.segments.filter(({ tier, hour }) => {
      const days = keepDays[tier]
      return days !== undefined && (hour + 1) * HOUR_US < nowUs - days * 24 * HOUR_US
    })
    if (gone.length === 0) return 0
    await this.#connection.transaction(async () => {
      for (const { path } of gone) await this.#connection.run('delete from segments where path = ?', [path])
    })
    this.#store.replaced(gone, [])
    for (const { path } of gone) this.#removeSoon(this.#full(path))
    return gone.length
  }

  async #segmentOf(of: Omit<Segment, 'rows' | 'fromUs' | 'toUs' | 'bytes'>): Promise<Segment> {
    const { tier, hour, path } = of
    const accounted = tier === 'frames' ? ` filter (kind <> ${Kind.outside})` : ''
    const [[rows, from, to] = []] = await this.#connection.rows(
      `select count(*), epoch_us(min(time)${accounted}), epoch_us(max(time)${accounted}) from ${this.#read(path)}`,
    )
    const { size: bytes } = await stat(this.#full(path))
    const [fromUs, toUs] = [from, to].map((us) => Number(us ?? hour * HOUR_US)) as [number, number]
    return { ...of, rows: Number(rows), fromUs, toUs, bytes }
  }

  #read(path: string): string {
    return parquet(this.#full(path))
  }

  #before({ stream, epoch, hour }: Due): readonly Segment[] {
    return this.#store.allOf(stream).filter((each) => each.hour === hour && each.epoch === epoch)
  }

  close(): void {
    for (const timer of this.#removals) clearTimeout(timer)
    this.#connection.close()
    this.#source.close()
  }

  /** Somebody may be about to read it. */
  #removeSoon(full: string): void {
    const timer = setTimeout(() => {
      this.#removals.delete(timer)
      // What is left is removed at the next start.
      rm(full, { force: true }).catch(() => {})
    }, REMOVAL_MS).unref()
    this.#removals.add(timer)
  }

  /** The frames as columns, in a table of their own. */
  async #columns(table: FrameTable, where: string): Promise<void> {
    const names = table.sealedColumns.map(({ name, type }) => `${quoted(name)} ${type}`)
    const fields = [
      'time_us bigint',
      'soc uinteger',
      'fracsec uinteger',
      'sync usmallint',
      'kind utinyint',
      ...names,
      'frame blob',
    ]
    await this.#connection.run(`create or replace temp table sealing (${fields.join(', ')})`)
    const appender = await this.#connection.appender('sealing')
    try {
      const cells: Cell[] = []
      let rows = 0
      for await (const page of this.#source.pages(
        `select time_us, kind, frame from frames where ${where} order by time_us, rowid`,
        [],
        table.sealedColumns.length,
      )) {
        for (const row of page) appendRow(appender, table, row, cells)
        rows += page.length
        // By itself it would keep 200,000 rows, and give all of them at once.
        if (rows * (table.sealedColumns.length + 6) > CELLS_PER_FLUSH) {
          appender.flushSync()
          rows = 0
        }
      }
      appender.flushSync()
    } finally {
      appender.closeSync()
    }
  }

  /** On disk, whole, or not there. */
  async #write(path: string, query: string, epoch: Epoch, table: FrameTable): Promise<void> {
    const full = this.#full(path)
    await mkdir(dirname(full), { recursive: true })
    const metadata = { configuration: hex(epoch.fragments), columns: JSON.stringify(describeColumns(table)) }
    const pairs = Object.entries(metadata).map(([key, value]) => `${text(`phasorbus.${key}`)}: ${text(value)}`)
    await this.#connection.run(
      `copy (${query}) to ${text(`${full}.tmp`)} (${PARQUET}, kv_metadata {${pairs.join(', ')}})`,
    )
    await synced(`${full}.tmp`)
    await rename(`${full}.tmp`, full)
    await synced(dirname(full))
  }

  #full(path: string): string {
    return join(this.#store.folder, path)
  }
}

/** What is to be sealed, with what is sealed already; of one time and kind in the order in which it came. */
function framesSql(known: string | undefined): string {
  const sealing = 'select make_timestamp(time_us) as time, * exclude (time_us)'
  if (known === undefined) return `${sealing} from sealing order by time, kind, rowid`
  const both = `select *, 0 as part from ${numberedParquet(known)}
    union all by name ${sealing}, 1 as part, rowid as file_row_number from sealing`
  const place = 'min((part, file_row_number))'
  return `select * exclude (place) from (select * exclude (part, file_row_number), ${place} as place from (${both}) group by all)
    order by time, kind, place`
}

/** Where something is kept for ever, that is the beginning; else all from here on is there, if it ever was. */
export function keptSinceUs(nowUs: number, keepDays: Readonly<Partial<Record<Tier, number>>>): number {
  const days = Math.max(...tiers.map((tier) => keepDays[tier] ?? Number.POSITIVE_INFINITY))
  return Number.isFinite(days) ? Math.max(0, hourOf(nowUs - days * 24 * HOUR_US) * HOUR_US) : 0
}

type Appender = Awaited<ReturnType<Connection['appender']>>

function appendRow(appender: Appender, table: FrameTable, [timeUs, kind, blob]: Row, cells: Cell[]): void {
  const bytes = bytesOf(blob)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const columns = table.sealedColumns
  const isAll = !table.isWide && table.read(bytes, cells)
  appender.appendBigInt(timeUs as bigint)
  appender.appendUInteger(view.getUint32(6))
  appender.appendUInteger(view.getUint32(10))
  appender.appendUSmallInt(view.getUint16(0))
  appender.appendUTinyInt(kind as number)
  for (let at = 0; at < columns.length; at++) {
    const cell = cells[at]!
    const { type } = columns[at]!
    if (cell === null) appender.appendNull()
    else if (type === 'FLOAT') appender.appendFloat(cell)
    else if (type === 'SMALLINT') appender.appendSmallInt(cell)
    else appender.appendUSmallInt(cell)
  }
  if (isAll) appender.appendNull()
  else appender.appendBlob(bytes)
  appender.endRow()
}

/** Without its generation. */
const placeOf = (path: string): string => path.replace(/\.g\d+\.parquet$/, '')

/** `sealed/frames/area/location-type/location-id/PMU/765/2026-11-29T05.e1.g1.parquet` */
function pathOf(tier: Tier, topic: string, hour: number, epoch: number, generation: number): string {
  const of = new Date((hour * HOUR_US) / 1000).toISOString().slice(0, 13)
  return join(SEALED, tier, topic, `${of}.e${epoch}.g${generation}.parquet`)
}

const hex = (fragments: readonly Uint8Array[]): string => Buffer.concat(fragments).toString('hex')

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
