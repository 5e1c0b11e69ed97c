/**
 * Seals what is no longer hot: the frames of a stream and an hour become one
 * Parquet file, which any tool reads. Late ones make it be written anew, with a
 * higher generation; until that is there, the one before is.
 */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type { Connection, Row } from './database.ts'
import { describeColumns } from './describe-columns.ts'
import type { Cell, FrameTable } from './frame-table.ts'
import { HOUR_US } from './schema.ts'
import type { Epoch, Segment, Store } from './store.ts'

/** Frames that are made columns of before what is live has its turn. */
const ROWS_PER_TURN = 100
/** So long a file is there after another has taken its place. */
const REMOVAL_MS = 60_000
const PARQUET = 'format parquet, parquet_version v2, compression zstd, compression_level 3, dictionary_size_limit 1'

/** What of a stream and an hour is hot. */
interface Due {
  readonly stream: number
  readonly epoch: number
  readonly hour: number
}

export class Sealer {
  readonly #store: Store
  readonly #connection: Connection
  /** Reads while the other writes. */
  readonly #source: Connection

  readonly #removals = new Set<NodeJS.Timeout>()

  private constructor(store: Store, connection: Connection, source: Connection) {
    this.#store = store
    this.#connection = connection
    this.#source = source
  }

  static async open(store: Store): Promise<Sealer> {
    return new Sealer(store, await store.connect(), await store.connect())
  }

  /** Seals all hours that have ended before this time. Says how many files were written. */
  async seal(beforeUs: number, signal?: AbortSignal): Promise<number> {
    const hour = Math.floor(beforeUs / HOUR_US)
    const due = await this.#connection.rows(
      `select stream, epoch, (time_us // ${HOUR_US})::integer as hour from frames
       where time_us < ? group by all order by hour, stream, epoch`,
      [BigInt(hour * HOUR_US)],
    )
    let files = 0
    for (const [stream, epoch, of] of due) {
      if (signal?.aborted) break
      await this.#sealOne({ stream: Number(stream), epoch: Number(epoch), hour: Number(of) })
      files++
    }
    return files
  }

  async #sealOne({ stream, epoch: number, hour }: Due): Promise<void> {
    const epoch = this.#store.epoch(number)
    const table = this.#store.tableOf(epoch)
    const before = this.#store.segmentsOf(stream).filter((segment) => segment.hour === hour && segment.epoch === number)
    const generation = Math.max(0, ...before.map((segment) => segment.generation)) + 1
    const path = pathOf(this.#store.topicOf(stream), hour, number, generation)
    // What came after is known to be held by being hot.
    const [[cut = null] = []] = await this.#connection.rows('select max(batch) from held')
    const where = `stream = ${stream} and epoch = ${number} and time_us >= ${hour * HOUR_US} and time_us < ${(hour + 1) * HOUR_US} and batch <= ${cut ?? 0}`

    await this.#columns(table, where)
    const sealing = 'select make_timestamp(time_us) as time, * exclude (time_us) from sealing'
    const sources = [sealing, ...before.map(({ path }) => `from read_parquet(${text(this.#full(path))})`)]
    await this.#write(path, `${sources.join(' union all by name ')} order by time, kind`, epoch, table)
    const [[rows, from, to] = []] = await this.#connection.rows(
      `select count(*), epoch_us(min(time)), epoch_us(max(time)) from read_parquet(${text(this.#full(path))})`,
    )
    const { size } = await stat(this.#full(path))
    const segment: Segment = {
      stream,
      epoch: number,
      hour,
      generation,
      path,
      rows: Number(rows),
      fromUs: Number(from),
      toUs: Number(to),
      bytes: size,
    }
    await this.#connection.transaction(async () => {
      await this.#connection.run(`delete from frames where ${where}`)
      await this.#connection.run(
        `delete from segments where stream = ${stream} and epoch = ${number} and hour = ${hour}`,
      )
      await this.#connection.run('insert into segments values (?, ?, ?, ?, ?, ?, ?, ?, ?)', [
        stream,
        number,
        hour,
        generation,
        path,
        BigInt(segment.rows),
        BigInt(segment.fromUs),
        BigInt(segment.toUs),
        BigInt(segment.bytes),
      ])
    })
    this.#store.replaced(before, segment)
    for (const { path: old } of before) this.#removeSoon(this.#full(old))
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
    const names = table.columns.map(({ name, type }) => `${quoted(name)} ${type}`)
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
      for await (const page of this.#source.pages(
        `select time_us, kind, frame from frames where ${where} order by time_us, batch`,
      )) {
        let at = 0
        for (const row of page) {
          if (++at % ROWS_PER_TURN === 0) await turn()
          appendRow(appender, table, row, cells)
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
    await this.#connection.run('drop table sealing')
  }

  #full(path: string): string {
    return join(this.#store.folder, path)
  }
}

type Appender = Awaited<ReturnType<Connection['appender']>>

function appendRow(appender: Appender, table: FrameTable, [timeUs, kind, blob]: Row, cells: Cell[]): void {
  const { bytes } = blob as { readonly bytes: Uint8Array }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isAll = table.read(bytes, cells)
  appender.appendBigInt(timeUs as bigint)
  appender.appendUInteger(view.getUint32(6))
  appender.appendUInteger(view.getUint32(10))
  appender.appendUSmallInt(view.getUint16(0))
  appender.appendUTinyInt(kind as number)
  for (let at = 0; at < table.columns.length; at++) {
    const cell = cells[at]!
    const { type } = table.columns[at]!
    if (cell === null) appender.appendNull()
    else if (type === 'FLOAT') appender.appendFloat(cell)
    else if (type === 'SMALLINT') appender.appendSmallInt(cell)
    else appender.appendUSmallInt(cell)
  }
  if (isAll) appender.appendNull()
  else appender.appendBlob(bytes)
  appender.endRow()
}

/** `area/location-type/location-id/PMU/765/2026-11-29T05.e1.g1.parquet` */
function pathOf(topic: string, hour: number, epoch: number, generation: number): string {
  const of = new Date((hour * HOUR_US) / 1000).toISOString().slice(0, 13)
  return join('sealed', topic, `${of}.e${epoch}.g${generation}.parquet`)
}

const hex = (fragments: readonly Uint8Array[]): string => Buffer.concat(fragments).toString('hex')
const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
