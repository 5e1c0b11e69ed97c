/** What a store has of a stream, in the order of its times: sealed files and what is hot, as one. */
import { join } from 'node:path'
import type { Connection, Row } from './database.ts'
import type { Cell, FrameTable } from './frame-table.ts'
import { giveWay } from './give-way.ts'
import { Kind } from './schema.ts'
import { bytesOf, numberedParquet, quoted, RANK, rankOf } from './sql.ts'
import type { Epoch, Segment, Store } from './store.ts'

/** A frame as it came. */
export interface StoredFrame {
  readonly timeUs: number
  readonly kind: Kind
  readonly epoch: Epoch
  /** Byte for byte. */
  readonly frame: Uint8Array
}

export interface Period {
  readonly fromUs: number
  readonly toUs: number
}

/** What is read of each frame. */
export interface Reading<T extends Timed> {
  /** Of a row of what is hot: time, kind, epoch, frame. */
  hot(row: Row): T
  /** Columns of a sealed file of this epoch, and what is made of a row of time, kind, and these. `weight`: see {@link Connection.pages}. */
  sealed(epoch: Epoch): {
    readonly columns: readonly string[]
    readonly read: (row: Row) => T
    readonly weight?: number
  }
  /** Of one time and kind: whether it is one that was both hot and sealed. */
  isSame(one: T, other: T): boolean
  /** In SQL: which of them are read. */
  readonly where: string
}

interface Timed {
  readonly timeUs: number
  readonly kind: Kind
}

/**
 * The frames of a stream in [fromUs, toUs), by their times, in pages; of one time
 * the last one has the value. With `outside` also those that stand outside the
 * accounts, whose times are whatever they are: those come with the hour in which
 * they came.
 */
export function storedFrames(
  store: Store,
  topic: string,
  period: Period,
  { outside = false } = {},
): AsyncGenerator<StoredFrame> {
  const cells: Cell[] = []
  const reading: Reading<StoredFrame> = {
    hot: ([timeUs, kind, epoch, blob]) => ({
      timeUs: Number(timeUs),
      kind: kind as Kind,
      epoch: store.epoch(Number(epoch)),
      frame: Uint8Array.from(bytesOf(blob)),
    }),
    sealed(epoch) {
      const table = store.tableOf(epoch)
      const columns = ['sync', 'soc', 'fracsec', 'frame', ...table.sealedColumns.map(({ name }) => quoted(name))]
      return { columns, read: (row) => frameOf(row, epoch, table, cells) }
    },
    isSame: (one, other) => Buffer.compare(one.frame, other.frame) === 0,
    where: outside ? 'true' : `kind <> ${Kind.outside}`,
  }
  return storedRows(store, topic, period, reading, outside)
}

/** What is read of the frames of a stream, by their times; see {@link storedFrames}. */
export async function* storedRows<T extends Timed>(
  store: Store,
  topic: string,
  { fromUs, toUs }: Period,
  reading: Reading<T>,
  outside = false,
): AsyncGenerator<T> {
  const stream = store.streamOf(topic)
  const connections: Connection[] = []
  let sources: Source<T>[] = []
  /** A connection reads one answer at a time. */
  const connection = async (at: number): Promise<Connection> => {
    connections[at] ??= await store.connect()
    return connections[at]
  }
  try {
    const where = `${within({ fromUs, toUs })} and ${reading.where}`
    for (const hour of await hoursOf(store, stream, { fromUs, toUs }, where, outside)) {
      const first = begun(hot(await connection(0), `stream = ${stream} and hour = ${hour} and ${where}`, reading))
      // Only now: what is sealed before is no longer hot, and what is sealed after is in both, and given once.
      sources = [first]
      await first.head
      for (const segment of store.segmentsOf(stream))
        if (segment.hour === hour)
          sources.push(begun(sealed(store, await connection(sources.length), segment, where, reading)))
      // Of one time and rank what is hot came last.
      yield* merged([...sources.slice(1), first], reading)
    }
  } finally {
    // One may be reading still.
    await Promise.allSettled(sources.map(({ head }) => head))
    for (const each of connections) each.close()
  }
}

/** In which it may have something. */
async function hoursOf(
  store: Store,
  stream: number,
  { fromUs, toUs }: Period,
  where: string,
  outside: boolean,
): Promise<readonly number[]> {
  const hot = await store.reader.rows(`select distinct hour from frames where stream = ${stream} and ${where}`)
  const sealed = outside ? store.segmentsOf(stream) : store.segmentsOf(stream, fromUs, toUs)
  const hours = [...sealed.map(({ hour }) => hour), ...hot.map(([hour]) => Number(hour))]
  return [...new Set(hours)].toSorted((one, other) => one - other)
}

async function* hot<T extends Timed>(
  connection: Connection,
  where: string,
  { hot: read }: Reading<T>,
): AsyncGenerator<T> {
  // By rowid, as they came: a batch may have several of one time.
  const query = `select time_us, kind, epoch, frame from frames where ${where} order by time_us, ${RANK}, rowid`
  for await (const page of connection.pages(query, [], 0, giveWay)) for (const row of page) yield read(row)
}

async function* sealed<T extends Timed>(
  store: Store,
  connection: Connection,
  { path, epoch }: Segment,
  where: string,
  reading: Reading<T>,
): AsyncGenerator<T> {
  const { columns, read, weight } = reading.sealed(store.epoch(epoch))
  const query = `select time_us, kind, ${columns.join(', ')} from (select *, epoch_us(time) as time_us from ${numberedParquet(join(store.folder, path))}) where ${where} order by time_us, ${RANK}, file_row_number`
  for await (const page of connection.pages(query, [], weight, giveWay)) for (const row of page) yield read(row)
}

function frameOf(
  [timeUs, kind, sync, soc, fracsec, whole, ...values]: Row,
  epoch: Epoch,
  table: FrameTable,
  cells: Cell[],
): StoredFrame {
  for (let at = 0; at < values.length; at++) cells[at] = values[at] as Cell
  const frame = whole ? Uint8Array.from(bytesOf(whole)) : table.write(Number(sync), Number(soc), Number(fracsec), cells)
  return { timeUs: Number(timeUs), kind: kind as Kind, epoch, frame }
}

function within({ fromUs, toUs }: Period): string {
  const from = Number.isFinite(fromUs) ? `time_us >= ${Math.ceil(fromUs)}` : 'true'
  const to = Number.isFinite(toUs) ? `time_us < ${Math.ceil(toUs)}` : 'true'
  return `${from} and ${to}`
}

interface Source<T> {
  readonly rest: AsyncGenerator<T>
  head: Promise<IteratorResult<T>>
}

const begun = <T>(rest: AsyncGenerator<T>): Source<T> => ({ rest, head: headOf(rest) })

/** Whoever awaits it sees why it failed; until then it may fail, as others do. */
function headOf<T>(rest: AsyncGenerator<T>): Source<T>['head'] {
  const head = rest.next()
  head.catch(() => {})
  return head
}

const isBefore = (one: Timed, other: Timed): boolean =>
  one.timeUs < other.timeUs || (one.timeUs === other.timeUs && rankOf(one.kind) < rankOf(other.kind))

/** By time; those of one time by their ranks, and in the order of the sources; and the same of two of them once. */
async function* merged<T extends Timed>(
  sources: readonly Source<T>[],
  { isSame }: Pick<Reading<T>, 'isSame'>,
): AsyncGenerator<T> {
  /** Of one time. */
  let given: { readonly source: Source<T>; readonly stored: T }[] = []
  for (;;) {
    let first: { readonly source: Source<T>; readonly stored: T } | undefined
    for (const source of sources) {
      const { done, value } = await source.head
      if (!done && (!first || isBefore(value, first.stored))) first = { source, stored: value }
    }
    if (!first) return
    const { source, stored } = first
    source.head = headOf(source.rest)
    if (given[0]?.stored.timeUs !== stored.timeUs) given = []
    const isAgain = given.some(
      (other) => other.source !== source && other.stored.kind === stored.kind && isSame(other.stored, stored),
    )
    given.push(first)
    if (!isAgain) yield stored
  }
}
