/** Frames of a historian as a Parquet file in physical units, made by DuckDB: in bounded memory, whatever the size. */
import { createReadStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Connection, Database, quoted, sqlText, timestamps } from '../../historian/index.ts'
import { ExportedFrames } from './exported-frames.ts'
import { type NamedChannel, valueReader } from './value-reader.ts'

export interface ParquetOf {
  /** Topic of the stream. */
  readonly stream: string
  readonly channels: readonly NamedChannel[]
  /** Frames, as a historian sends them. */
  readonly frames: string
  readonly output: string
}

const MEMORY_MIB = 512
/** Numbers that are given to DuckDB at once. */
const CELLS_PER_FLUSH = 50_000
const READ_SIZE = 256 * 1024
const FORMAT = 'format parquet, parquet_version v2, compression zstd'

/**
 * Writes `output`, whole or not at all. `at`: how many bytes of `frames` are read.
 * Rejects when the signal aborts. Throws HistorianError where DuckDB is missing.
 */
export async function writeParquet(of: ParquetOf, at: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  const work = `${of.output}.part.tmp`
  await rm(work, { recursive: true, force: true })
  await mkdir(work)
  try {
    const database = await Database.open(join(work, 'rows.duckdb'), { memoryMiB: MEMORY_MIB, threads: 1 })
    try {
      const connection = await database.connect()
      const words = await readRows(connection, of, at, signal)
      await connection.run(copySql(of, words, join(work, 'rows.parquet')))
    } finally {
      await database.close()
    }
    signal.throwIfAborted()
    await rename(join(work, 'rows.parquet'), of.output)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Into a table that DuckDB keeps on disk where it is large. Returns the ids of words in all configurations. */
async function readRows(
  connection: Connection,
  { channels, frames }: ParquetOf,
  at: (bytes: number) => void,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const cells = channels.map((_, n) => `c${n} double`)
  await connection.run(`create temp table rows (${['time timestamptz', ...cells].join(', ')})`)
  const exported = new ExportedFrames((configuration) => valueReader(configuration, channels))
  const appender = await connection.appender('rows')
  const timestamp = await timestamps()
  try {
    let bytes = 0
    let waiting = 0
    for await (const chunk of createReadStream(frames, { highWaterMark: READ_SIZE, signal })) {
      exported.push(chunk as Buffer, (frame, reader) => {
        appender.appendTimestampTZ(timestamp(reader.read(frame)))
        for (const value of reader.values) {
          if (Number.isNaN(value)) appender.appendNull()
          else appender.appendDouble(value)
        }
        appender.endRow()
        waiting += 1 + channels.length
        if (waiting < CELLS_PER_FLUSH) return
        appender.flushSync()
        waiting = 0
      })
      bytes += (chunk as Buffer).length
      at(bytes)
    }
    appender.flushSync()
  } finally {
    appender.closeSync()
  }
  const { readers } = exported
  const isWord = (id: string): boolean =>
    readers.some(({ words }) => words.has(id)) && !readers.some(({ quantities }) => quantities.has(id))
  return new Set(channels.map(({ id }) => id).filter(isWord))
}

function copySql({ stream, channels }: ParquetOf, words: ReadonlySet<string>, path: string): string {
  const names = columnNames(channels)
  const columns = channels.map(({ id }, n) => `c${n}${words.has(id) ? '::usmallint' : ''} as ${quoted(names[n]!)}`)
  const meanings = channels.map(({ unit }, n) => ({ name: names[n], unit }))
  const metadata = { stream, columns: JSON.stringify(meanings) }
  const pairs = Object.entries(metadata).map(([key, value]) => `${sqlText(`phasorbus.${key}`)}: ${sqlText(value)}`)
  const query = `select time, ${columns.join(', ')} from rows`
  return `copy (${query}) to ${sqlText(path)} (${FORMAT}, kv_metadata {${pairs.join(', ')}})`
}

/** Ids; those that differ by their case only are told apart by a number, as names in one table must be. */
function columnNames(channels: readonly NamedChannel[]): readonly string[] {
  const taken = new Set(['time'])
  return channels.map(({ id }) => {
    let name = id
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${id} (${number})`
    taken.add(name.toLowerCase())
    return name
  })
}
