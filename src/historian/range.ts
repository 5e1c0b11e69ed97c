/**
 * Values of channels over a period: every one of them, or where those are more
 * than were asked for, the least and the greatest of each part of the period, so
 * that nothing that stands out is lost.
 */
import { join } from 'node:path'
import { compileDecoder, type DataColumns, framesPerSecond } from '../c37118/index.ts'
import { type Channel, channelsOf } from './channels.ts'
import { HistorianError } from './historian-error.ts'
import type { Period } from './reading.ts'
import { HOUR_US, Kind } from './schema.ts'
import type { Epoch, Segment, Store } from './store.ts'

export interface RangeQuery extends Period {
  readonly topic: string
  /** Ids of channels; see {@link Channel}. */
  readonly channels: readonly string[]
  /** Values of each channel at most. */
  readonly points: number
}

export interface Series {
  readonly channel: string
  readonly unit: string
  /** In µs since the UNIX epoch; grows, or stays where a least and a greatest are of one time. */
  readonly timesUs: readonly number[]
  /** null: absent. */
  readonly values: readonly (number | null)[]
}

export interface Range {
  readonly series: readonly Series[]
  /** `false`: least and greatest of each part. */
  readonly isRaw: boolean
}

/** Frames that came in time, late, or complete others. */
const KINDS = `kind in (${Kind.live}, ${Kind.late}, ${Kind.revision})`

/** Throws HistorianError where the stream, or a channel in all of its configurations, is unknown. */
export async function rangeOf(store: Store, query: RangeQuery): Promise<Range> {
  const { topic, channels: ids, points, fromUs, toUs } = query
  const stream = store.streamOf(topic)
  const known = store.epochsOf(stream).map((epoch) => ({ epoch, channels: channelsOf(store.tableOf(epoch)) }))
  for (const id of ids) {
    if (known.some(({ channels }) => channels.some((channel) => channel.id === id))) continue
    throw new HistorianError(
      { code: 'HISTORIAN_UNKNOWN_CHANNEL', stream: topic, channel: id },
      `${topic} has no channel ${id}`,
    )
  }
  const rate = Math.max(...known.map(({ epoch }) => framesPerSecond(epoch.configuration.dataRate)))
  const isRaw = ((toUs - fromUs) / 1e6) * rate <= points
  const collected = ids.map(() => (isRaw ? new Raw() : new Extremes({ fromUs, toUs }, Math.max(1, points >> 1))))
  const chosen = new Map(
    known.map(({ epoch, channels }) => [epoch.number, ids.map((id) => channels.find((one) => one.id === id))] as const),
  )
  const connection = await store.connect()
  try {
    for (const segment of store.segmentsOf(stream, fromUs, toUs)) {
      const of = chosen.get(segment.epoch)!
      const parts = isRaw ? 0 : Math.max(1, points >> 1)
      const rows = await connection.rows(sealedSql(store, segment, of, { fromUs, toUs }, parts))
      for (const row of rows) {
        ids.forEach((_, at) => {
          const width = isRaw ? 1 : 4
          const cells = row.slice(1 + at * width, 1 + (at + 1) * width)
          if (isRaw) collected[at]!.add(Number(row[0]), cells[0] as number | null)
          else if (cells[0] !== null) {
            collected[at]!.add(Number(cells[1]), cells[0] as number)
            collected[at]!.add(Number(cells[3]), cells[2] as number)
          }
        })
      }
    }
    const hot = `select time_us, epoch, frame from frames where stream = ${stream} and time_us >= ${fromUs} and time_us < ${toUs} and ${KINDS} order by time_us, batch`
    const decoders = new Map<number, { decode(frame: Uint8Array): DataColumns }>()
    for await (const page of connection.pages(hot)) {
      for (const [timeUs, number, blob] of page) {
        const epoch = Number(number)
        const decoder = decoders.get(epoch) ?? decoderOf(store.epoch(epoch))
        decoders.set(epoch, decoder)
        const columns = decoder.decode((blob as { readonly bytes: Uint8Array }).bytes)
        chosen.get(epoch)!.forEach((channel, at) => {
          const value = channel ? channel.read(columns) : Number.NaN
          collected[at]!.add(Number(timeUs), Number.isNaN(value) ? null : value)
        })
      }
    }
  } finally {
    connection.close()
  }
  const unitOf = (id: string): string =>
    known.flatMap(({ channels }) => channels).findLast((channel) => channel.id === id)!.unit
  return { series: ids.map((id, at) => ({ channel: id, unit: unitOf(id), ...collected[at]!.all() })), isRaw }
}

function decoderOf({ configuration }: Epoch): { decode(frame: Uint8Array): DataColumns } {
  const decoder = compileDecoder(configuration)
  const columns = decoder.createColumns()
  return {
    decode(frame) {
      decoder.decodeInto(frame, columns)
      return columns
    },
  }
}

/** Time and values, or with `parts`: of each part and channel the least, its time, the greatest, its time. */
function sealedSql(
  { folder }: Store,
  { path, hour }: Segment,
  channels: readonly (Channel | undefined)[],
  { fromUs, toUs }: Period,
  parts: number,
): string {
  const values = channels.map((channel, at) => `${channel?.sql ?? 'null::double'} as v${at}`)
  const file = join(folder, path).replaceAll("'", "''")
  const isWhole = fromUs <= hour * HOUR_US && toUs >= (hour + 1) * HOUR_US
  const where = isWhole ? KINDS : `${KINDS} and epoch_us(time) >= ${fromUs} and epoch_us(time) < ${toUs}`
  const read = `select epoch_us(time) as t, ${values.join(', ')} from read_parquet('${file}') where ${where}`
  if (parts === 0) return `${read} order by time, kind`
  const extremes = channels.map((_, at) => `min(v${at}), arg_min(t, v${at}), max(v${at}), arg_max(t, v${at})`)
  return `select ((t - ${fromUs}) * ${parts}) // ${toUs - fromUs} as part, ${extremes.join(', ')} from (${read}) group by part order by part`
}

interface Collected {
  add(timeUs: number, value: number | null): void
  all(): Pick<Series, 'timesUs' | 'values'>
}

/** All of them, by their times; of one time the last that came. */
class Raw implements Collected {
  readonly #values = new Map<number, number | null>()

  add(timeUs: number, value: number | null): void {
    this.#values.set(timeUs, value)
  }

  all(): Pick<Series, 'timesUs' | 'values'> {
    const pairs = [...this.#values].toSorted(([one], [other]) => one - other)
    return { timesUs: pairs.map(([timeUs]) => timeUs), values: pairs.map(([, value]) => value) }
  }
}

/** The least and the greatest of each part, with their times. */
class Extremes implements Collected {
  readonly #fromUs: number
  readonly #partUs: number
  readonly #least: Float64Array
  readonly #greatest: Float64Array
  readonly #leastUs: Float64Array
  readonly #greatestUs: Float64Array

  constructor({ fromUs, toUs }: Period, parts: number) {
    this.#fromUs = fromUs
    this.#partUs = (toUs - fromUs) / parts
    this.#least = new Float64Array(parts).fill(Number.POSITIVE_INFINITY)
    this.#greatest = new Float64Array(parts).fill(Number.NEGATIVE_INFINITY)
    this.#leastUs = new Float64Array(parts)
    this.#greatestUs = new Float64Array(parts)
  }

  add(timeUs: number, value: number | null): void {
    if (value === null) return
    const part = Math.min(this.#least.length - 1, Math.floor((timeUs - this.#fromUs) / this.#partUs))
    if (value < this.#least[part]!) {
      this.#least[part] = value
      this.#leastUs[part] = timeUs
    }
    if (value > this.#greatest[part]!) {
      this.#greatest[part] = value
      this.#greatestUs[part] = timeUs
    }
  }

  all(): Pick<Series, 'timesUs' | 'values'> {
    const timesUs: number[] = []
    const values: number[] = []
    for (let part = 0; part < this.#least.length; part++) {
      if (this.#greatest[part] === Number.NEGATIVE_INFINITY) continue
      const least = [this.#leastUs[part]!, this.#least[part]!] as const
      const greatest = [this.#greatestUs[part]!, this.#greatest[part]!] as const
      const inOrder = least[0] <= greatest[0] ? [least, greatest] : [greatest, least]
      for (const [timeUs, value] of least[0] === greatest[0] ? [least] : inOrder) {
        timesUs.push(timeUs)
        values.push(value)
      }
    }
    return { timesUs, values }
  }
}
