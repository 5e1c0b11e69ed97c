/** What a store has of a stream, in the order of its times: sealed files and what is hot, as one. */
import { join } from 'node:path'
import type { Connection, Row } from './database.ts'
import type { Cell, FrameTable } from './frame-table.ts'
import { HOUR_US, Kind } from './schema.ts'
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

/** All frames of a stream in [fromUs, toUs), also those that stand outside the accounts; hour by hour, in pages. */
export async function* storedFrames(
  store: Store,
  topic: string,
  { fromUs, toUs }: Period,
): AsyncGenerator<StoredFrame> {
  const stream = store.streamOf(topic)
  const connections: Connection[] = []
  /** A connection reads one answer at a time. */
  const connection = async (at: number): Promise<Connection> => {
    connections[at] ??= await store.connect()
    return connections[at]
  }
  try {
    for (const hour of await hoursOf(store, stream, { fromUs, toUs })) {
      const period = { fromUs: Math.max(fromUs, hour * HOUR_US), toUs: Math.min(toUs, (hour + 1) * HOUR_US) }
      const first = begun(hot(store, await connection(0), stream, period))
      // Only now: what is sealed before is no longer hot, and what is sealed after is in both, and given once.
      await first.head
      const sources = [first]
      for (const segment of store.segmentsOf(stream, period.fromUs, period.toUs))
        if (segment.hour === hour) sources.push(begun(sealed(store, await connection(sources.length), segment, period)))
      yield* merged(sources)
    }
  } finally {
    for (const each of connections) each.close()
  }
}

/** In which it has anything. */
async function hoursOf(store: Store, stream: number, period: Period): Promise<readonly number[]> {
  const hot = await store.reader.rows(
    `select distinct time_us // ${HOUR_US} from frames where stream = ${stream} and ${within('time_us', period)}`,
  )
  const sealed = store.segmentsOf(stream, period.fromUs, period.toUs).map(({ hour }) => hour)
  return [...new Set([...sealed, ...hot.map(([hour]) => Number(hour))])].toSorted((one, other) => one - other)
}

async function* hot(
  store: Store,
  connection: Connection,
  stream: number,
  { fromUs, toUs }: Period,
): AsyncGenerator<StoredFrame> {
  const query = `select time_us, kind, epoch, frame from frames where stream = ${stream} and ${within('time_us', { fromUs, toUs })} order by time_us, batch`
  for await (const page of connection.pages(query)) {
    for (const [timeUs, kind, epoch, blob] of page) {
      yield {
        timeUs: Number(timeUs),
        kind: kind as Kind,
        epoch: store.epoch(Number(epoch)),
        frame: Uint8Array.from((blob as { readonly bytes: Uint8Array }).bytes),
      }
    }
  }
}

async function* sealed(
  store: Store,
  connection: Connection,
  { path, epoch: number }: Segment,
  period: Period,
): AsyncGenerator<StoredFrame> {
  const epoch = store.epoch(number)
  const table = store.tableOf(epoch)
  const file = join(store.folder, path).replaceAll("'", "''")
  const query = `select epoch_us(time), kind, sync, soc, fracsec, frame, ${table.columns.map(({ name }) => `"${name.replaceAll('"', '""')}"`).join(', ')} from read_parquet('${file}') where ${within('epoch_us(time)', period)} order by time, kind`
  const cells: Cell[] = []
  for await (const page of connection.pages(query)) for (const row of page) yield frameOf(row, epoch, table, cells)
}

function frameOf(
  [timeUs, kind, sync, soc, fracsec, whole, ...values]: Row,
  epoch: Epoch,
  table: FrameTable,
  cells: Cell[],
): StoredFrame {
  for (let at = 0; at < values.length; at++) cells[at] = values[at] as Cell
  const frame = whole
    ? Uint8Array.from((whole as { readonly bytes: Uint8Array }).bytes)
    : table.write(Number(sync), Number(soc), Number(fracsec), cells)
  return { timeUs: Number(timeUs), kind: kind as Kind, epoch, frame }
}

function within(column: string, { fromUs, toUs }: Period): string {
  const from = Number.isFinite(fromUs) ? `${column} >= ${Math.ceil(fromUs)}` : 'true'
  const to = Number.isFinite(toUs) ? `${column} < ${Math.ceil(toUs)}` : 'true'
  return `${from} and ${to}`
}

interface Source {
  readonly rest: AsyncGenerator<StoredFrame>
  head: Promise<IteratorResult<StoredFrame>>
}

const begun = (rest: AsyncGenerator<StoredFrame>): Source => ({ rest, head: rest.next() })

/** By time; those of one time in the order of the sources, and the same of two of them once. */
async function* merged(sources: readonly Source[]): AsyncGenerator<StoredFrame> {
  let last: { readonly source: Source; readonly stored: StoredFrame } | undefined
  for (;;) {
    let first: { readonly source: Source; readonly stored: StoredFrame } | undefined
    for (const source of sources) {
      const { done, value } = await source.head
      if (!done && (!first || value.timeUs < first.stored.timeUs)) first = { source, stored: value }
    }
    if (!first) return
    first.source.head = first.source.rest.next()
    const isAgain = last && last.source !== first.source && isSame(last.stored, first.stored)
    if (!isAgain) yield first.stored
    last = first
  }
}

const isSame = (one: StoredFrame, other: StoredFrame): boolean =>
  one.timeUs === other.timeUs && one.kind === other.kind && Buffer.compare(one.frame, other.frame) === 0

/** Of frames of one timestamp the one that holds: a revision over what came first. Conflicts and what is outside are left out. */
export const holds = ({ kind }: StoredFrame): boolean => kind !== Kind.outside && kind !== Kind.conflict
