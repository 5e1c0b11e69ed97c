/**
 * What a historian has on disk: a DuckDB file for what is hot, and sealed
 * Parquet files. It knows streams by numbers, and configurations by epochs.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Configuration,
  ConfigurationAssembler,
  decodeConfiguration,
  FrameSplitter,
  sameConfiguration,
} from '../c37118/index.ts'
import type { Batch } from './batch.ts'
import { type Channel, channelsOf } from './channels.ts'
import { type Connection, Database, type DatabaseOptions } from './database.ts'
import { FrameTable } from './frame-table.ts'
import { HistorianError } from './historian-error.ts'
import { SCHEMA, STORE_VERSION } from './schema.ts'
import { bytesOf } from './sql.ts'
import type { Tier } from './tiers.ts'

/** One configuration of a stream. The same one that comes back is the same epoch. */
export interface Epoch {
  readonly number: number
  readonly stream: number
  /** When it was heard of first. */
  readonly sinceUs: number
  readonly fragments: readonly Uint8Array[]
  readonly configuration: Configuration
}

/** A sealed file: of one epoch of a stream, of one hour. */
export interface Segment {
  readonly stream: number
  readonly epoch: number
  readonly tier: Tier
  /** Since the UNIX epoch. */
  readonly hour: number
  /** One more whenever it is written anew. */
  readonly generation: number
  /** Within the store's folder. */
  readonly path: string
  readonly rows: number
  readonly fromUs: number
  /** Of the last frame. */
  readonly toUs: number
  readonly bytes: number
}

export class Store {
  readonly folder: string
  /** For whoever reads; writing has a connection of its own. */
  readonly reader: Connection
  readonly #database: Database
  readonly #streams = new Map<string, number>()
  readonly #topics = new Map<number, string>()
  readonly #epochs = new Map<number, Epoch>()
  /** By stream, in the order in which they were met. */
  readonly #epochsOf = new Map<number, Epoch[]>()
  readonly #byFragments = new WeakMap<readonly Uint8Array[], Epoch>()
  readonly #tables = new WeakMap<Epoch, FrameTable>()
  readonly #channels = new WeakMap<Epoch, readonly Channel[]>()
  /** By stream. */
  readonly #segments = new Map<number, readonly Segment[]>()

  private constructor(folder: string, database: Database, reader: Connection) {
    this.folder = folder
    this.#database = database
    this.reader = reader
  }

  /** Opens the store of a folder, or makes one. Throws HistorianError. */
  static async open(folder: string, options: DatabaseOptions): Promise<Store> {
    await mkdir(folder, { recursive: true })
    const database = await Database.open(join(folder, 'hot.duckdb'), options)
    try {
      const reader = await database.connect()
      for (const statement of SCHEMA.split(';').filter((text) => text.trim() !== '')) await reader.run(statement)
      const store = new Store(folder, database, reader)
      await store.#load()
      return store
    } catch (error) {
      await database.close()
      throw error
    }
  }

  connect(setup?: readonly string[]): Promise<Connection> {
    return this.#database.connect(setup)
  }

  /** After an error that {@link isFatal}. */
  reopen(): Promise<void> {
    return this.#database.reopen()
  }

  get topics(): readonly string[] {
    return [...this.#streams.keys()]
  }

  topicOf(stream: number): string {
    return this.#topics.get(stream)!
  }

  find(topic: string): number | undefined {
    return this.#streams.get(topic)
  }

  /** Of a stream that was stored before. Throws HistorianError. */
  streamOf(topic: string): number {
    const stream = this.#streams.get(topic)
    if (stream !== undefined) return stream
    throw new HistorianError(
      { code: 'HISTORIAN_UNKNOWN_STREAM', stream: topic },
      `nothing is stored of ${topic}: phasorbus query lists what is`,
    )
  }

  /** The number of a stream; a new one goes into the batch. */
  numberOf(topic: string, batch: Batch): number {
    const known = this.#streams.get(topic)
    if (known !== undefined) return known
    const stream = this.#streams.size + 1
    this.#addStream(stream, topic)
    batch.newStreams.push({ stream, topic })
    return stream
  }

  /** The epoch of a configuration; a new one goes into the batch. */
  epochOf(stream: number, fragments: readonly Uint8Array[], sinceUs: number, batch: Batch): Epoch {
    const seen = this.#byFragments.get(fragments)
    if (seen?.stream === stream) return seen
    let epoch = this.#epochsOf.get(stream)?.find((each) => sameConfiguration(each.fragments, fragments))
    if (!epoch) {
      const configuration = decodeConfiguration(fragments)
      epoch = { number: this.#epochs.size + 1, stream, sinceUs, fragments, configuration }
      this.#addEpoch(epoch)
      batch.newConfigurations.push({ epoch: epoch.number, stream, sinceUs, frames: Buffer.concat(fragments) })
    }
    this.#byFragments.set(fragments, epoch)
    return epoch
  }

  epoch(number: number): Epoch {
    return this.#epochs.get(number)!
  }

  /** Of a stream, in the order in which they were met. */
  epochsOf(stream: number): readonly Epoch[] {
    return this.#epochsOf.get(stream) ?? []
  }

  tableOf(epoch: Epoch): FrameTable {
    let table = this.#tables.get(epoch)
    if (!table) {
      table = new FrameTable(epoch.configuration)
      this.#tables.set(epoch, table)
    }
    return table
  }

  /** What it measures. */
  channelsOf(epoch: Epoch): readonly Channel[] {
    let channels = this.#channels.get(epoch)
    if (!channels) {
      channels = channelsOf(this.tableOf(epoch))
      this.#channels.set(epoch, channels)
    }
    return channels
  }

  /** Sealed files of a stream that have frames of [fromUs, toUs), in the order of their times. */
  segmentsOf(
    stream: number,
    fromUs = Number.NEGATIVE_INFINITY,
    toUs = Number.POSITIVE_INFINITY,
    tier: Tier = 'frames',
  ): readonly Segment[] {
    return (this.#segments.get(stream) ?? [])
      .filter((each) => each.tier === tier && each.toUs >= fromUs && each.fromUs < toUs)
      .toSorted((one, other) => one.fromUs - other.fromUs)
  }

  get segments(): readonly Segment[] {
    return [...this.#segments.values()].flat()
  }

  /** Of all tiers. */
  allOf(stream: number): readonly Segment[] {
    return this.#segments.get(stream) ?? []
  }

  /** These are there now, instead of those. */
  replaced(gone: readonly Segment[], by: readonly Segment[]): void {
    const without = new Set(gone)
    for (const stream of new Set([...gone, ...by].map((each) => each.stream))) {
      const left = this.allOf(stream).filter((each) => !without.has(each))
      this.#segments.set(stream, [...left, ...by.filter((each) => each.stream === stream)])
    }
  }

  close(): Promise<void> {
    return this.#database.close()
  }

  #addStream(stream: number, topic: string): void {
    this.#streams.set(topic, stream)
    this.#topics.set(stream, topic)
  }

  #addEpoch(epoch: Epoch): void {
    this.#epochs.set(epoch.number, epoch)
    const known = this.#epochsOf.get(epoch.stream)
    if (known) known.push(epoch)
    else this.#epochsOf.set(epoch.stream, [epoch])
  }

  async #load(): Promise<void> {
    const [[version] = []] = await this.reader.rows('select max(version) from store')
    const found = Number(version ?? 0)
    if (found === 0) await this.reader.run('insert into store values (?)', [STORE_VERSION])
    else if (found !== STORE_VERSION) {
      throw new HistorianError(
        { code: 'HISTORIAN_VERSION', folder: this.folder, found, known: STORE_VERSION },
        `${this.folder} was written by another version (${found}, this one knows ${STORE_VERSION})`,
      )
    }
    for (const [stream, topic] of await this.reader.rows('select stream, topic from streams'))
      this.#addStream(Number(stream), String(topic))
    for (const [number, stream, sinceUs, frames] of await this.reader.rows(
      'select epoch, stream, since_us, frames from configurations order by epoch',
    )) {
      const fragments = fragmentsOf(bytesOf(frames))
      const configuration = decodeConfiguration(fragments)
      const of = { number: Number(number), stream: Number(stream), sinceUs: Number(sinceUs) }
      this.#addEpoch({ ...of, fragments, configuration })
    }
    const segments = await this.reader.rows(
      'select stream, epoch, tier, hour, generation, path, row_count, from_us, to_us, bytes from segments',
    )
    const all = segments.map(([stream, epoch, tier, hour, generation, path, rows, fromUs, toUs, bytes]) => ({
      stream: Number(stream),
      epoch: Number(epoch),
      tier: tier as Tier,
      hour: Number(hour),
      generation: Number(generation),
      path: String(path),
      rows: Number(rows),
      fromUs: Number(fromUs),
      toUs: Number(toUs),
      bytes: Number(bytes),
    }))
    this.replaced([], all)
  }
}

/** The frames of one configuration, that were stored one after the other. */
function fragmentsOf(bytes: Uint8Array): readonly Uint8Array[] {
  const assembler = new ConfigurationAssembler()
  let fragments: readonly Uint8Array[] | undefined
  new FrameSplitter().push(Uint8Array.from(bytes), (frame) => {
    fragments = assembler.push(frame) ?? fragments
  })
  if (!fragments) throw new Error('a stored configuration is none')
  return fragments
}
