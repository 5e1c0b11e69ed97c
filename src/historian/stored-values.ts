import { compileDecoder, type DataColumns, type DataDecoder } from '../c37118/index.ts'
import type { Channel } from './channels.ts'
import type { Row } from './database.ts'
import { HistorianError } from './historian-error.ts'
import { type Period, type Reading, storedRows } from './reading.ts'
import type { Kind } from './schema.ts'
import { bytesOf, KINDS } from './sql.ts'
import type { Epoch, Store } from './store.ts'

export interface ValuesQuery extends Period {
  readonly topic: string
  /** Ids of channels; see {@link Channel}. */
  readonly channels: readonly string[]
}

/** What channels have at one time, in their order; null: absent. */
export interface StoredValues {
  readonly timeUs: number
  readonly values: readonly (number | null)[]
}

interface ValuesRow extends StoredValues {
  readonly kind: Kind
}

/** Units of channels. Throws HistorianError where the stream, or a channel in all of its configurations, is unknown. */
export function unitsOf(store: Store, topic: string, ids: readonly string[]): readonly Channel['unit'][] {
  const channels = store.epochsOf(store.streamOf(topic)).flatMap((epoch) => store.channelsOf(epoch))
  return ids.map((id) => {
    const channel = channels.findLast((one) => one.id === id)
    if (channel) return channel.unit
    throw new HistorianError(
      { code: 'HISTORIAN_UNKNOWN_CHANNEL', stream: topic, channel: id },
      `${topic} has no channel ${id}`,
    )
  })
}

/** All values of channels in [fromUs, toUs), by their times; of one time the most complete, and the last that came. */
export async function* storedValues(store: Store, query: ValuesQuery): AsyncGenerator<StoredValues> {
  const { topic, channels: ids } = query
  const decoders = new Map<number, ValueDecoder>()
  const chosen = (epoch: Epoch): readonly (Channel | undefined)[] => {
    const channels = store.channelsOf(epoch)
    return ids.map((id) => channels.find((one) => one.id === id))
  }
  const whole = (epoch: Epoch, [timeUs, kind, blob]: Row): ValuesRow => {
    const decoder = decoders.get(epoch.number) ?? new ValueDecoder(epoch, chosen(epoch))
    decoders.set(epoch.number, decoder)
    return { timeUs: Number(timeUs), kind: kind as Kind, values: decoder.read(bytesOf(blob)) }
  }
  const reading: Reading<ValuesRow> = {
    hot: ([timeUs, kind, number, blob]) => whole(store.epoch(Number(number)), [timeUs, kind, blob] as Row),
    sealed: (epoch) =>
      store.tableOf(epoch).isWide
        ? { columns: ['frame'], read: (row) => whole(epoch, row) }
        : {
            columns: chosen(epoch).map((channel) => channel?.sql ?? 'null::double'),
            read: ([timeUs, kind, ...values]: Row) => ({
              timeUs: Number(timeUs),
              kind: kind as Kind,
              values: values as (number | null)[],
            }),
          },
    isSame: (one, other) => one.values.every((value, at) => Object.is(value, other.values[at])),
    where: KINDS,
  }
  let last: ValuesRow | undefined
  for await (const row of storedRows(store, topic, query, reading)) {
    if (last && last.timeUs !== row.timeUs) yield last
    last = row
  }
  if (last) yield last
}

/** Values of channels, from whole frames. */
export class ValueDecoder {
  readonly #decoder: DataDecoder
  readonly #columns: DataColumns
  readonly #channels: readonly (Channel | undefined)[]

  constructor({ configuration }: Epoch, channels: readonly (Channel | undefined)[]) {
    this.#decoder = compileDecoder(configuration)
    this.#columns = this.#decoder.createColumns()
    this.#channels = channels
  }

  read(frame: Uint8Array): readonly (number | null)[] {
    this.#decoder.decodeInto(frame, this.#columns)
    return this.#channels.map((channel) => {
      const value = channel ? channel.read(this.#columns) : Number.NaN
      return Number.isNaN(value) ? null : value
    })
  }
}
