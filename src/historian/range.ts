/**
 * Values of channels over a period: every one of them, or where those are more
 * than were asked for, the least and the greatest of each part of the period, so
 * that nothing that stands out is lost.
 */
import { join } from 'node:path'
import { framesPerSecond } from '../c37118/index.ts'
import { bestSegments } from './best-segments.ts'
import type { Channel } from './channels.ts'
import type { Period } from './reading.ts'
import { HOUR_US } from './schema.ts'
import { bytesOf, KINDS, numberedParquet, RANK } from './sql.ts'
import type { Segment, Store } from './store.ts'
import { unitsOf, ValueDecoder } from './stored-values.ts'
import { coarseTiers, type Tier, tierColumn, tierUs } from './tiers.ts'
import { withConnection } from './with-connection.ts'

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

/** Throws HistorianError where the stream, or a channel in all of its configurations, is unknown. */
export async function rangeOf(store: Store, query: RangeQuery, signal?: AbortSignal): Promise<Range> {
  const { topic, channels: ids, points, fromUs, toUs } = query
  const stream = store.streamOf(topic)
  const known = store.epochsOf(stream).map((epoch) => ({ epoch, channels: store.channelsOf(epoch) }))
  const units = unitsOf(store, topic, ids)
  const rate = Math.max(...known.map(({ epoch }) => framesPerSecond(epoch.configuration.dataRate)))
  const parts = Math.max(1, points >> 1)
  const isFew = ((toUs - fromUs) / 1e6) * rate <= points
  // What is of seconds or minutes has no values of its own.
  const isRaw = isFew && bestSegments(store, stream, { fromUs, toUs }, 'frames').every(({ tier }) => tier === 'frames')
  const chosen = new Map(
    known.map(({ epoch, channels }) => [epoch.number, ids.map((id) => channels.find((one) => one.id === id))] as const),
  )
  return await withConnection(store, signal, async (connection) => {
    /** Undefined where they are more than there is room for. */
    const read = async (wanted: Tier, isRaw: boolean): Promise<readonly Collected[] | undefined> => {
      const collected = ids.map((): Collected => (isRaw ? new Raw(points) : new Extremes({ fromUs, toUs }, parts)))
      const hot = `select time_us, epoch, frame from frames where stream = ${stream} and time_us >= ${fromUs} and time_us < ${toUs} and ${KINDS} order by time_us, ${RANK}, rowid`
      const decoders = new Map<number, ValueDecoder>()
      const valuesOf = (number: number, frame: Uint8Array): readonly (number | null)[] => {
        const decoder = decoders.get(number) ?? new ValueDecoder(store.epoch(number), chosen.get(number)!)
        decoders.set(number, decoder)
        return decoder.read(frame)
      }
      for await (const page of connection.pages(hot)) {
        signal?.throwIfAborted()
        for (const [timeUs, number, blob] of page)
          for (const [at, value] of valuesOf(Number(number), bytesOf(blob)).entries())
            collected[at]!.add(Number(timeUs), value)
        if (collected[0]?.isFull) return undefined
      }
      // Only now: what was sealed before was no longer hot, and what is sealed since is in both, and the same.
      for (const segment of bestSegments(store, stream, { fromUs, toUs }, wanted)) {
        signal?.throwIfAborted()
        const of = chosen.get(segment.epoch)!
        if (store.tableOf(store.epoch(segment.epoch)).isWide) {
          for await (const page of connection.pages(wholeSql(store, segment, { fromUs, toUs }))) {
            signal?.throwIfAborted()
            for (const [timeUs, blob] of page)
              for (const [at, value] of valuesOf(segment.epoch, bytesOf(blob)).entries())
                collected[at]!.addSealed(Number(timeUs), value)
            if (collected[0]?.isFull) return undefined
          }
          continue
        }
        const sql = sealedSql(store, segment, of, { fromUs, toUs }, isRaw ? 0 : parts)
        for await (const page of connection.pages(sql)) {
          for (const row of page) {
            ids.forEach((_, at) => {
              const width = isRaw ? 1 : 4
              const cells = row.slice(1 + at * width, 1 + (at + 1) * width)
              if (isRaw) collected[at]!.addSealed(Number(row[0]), cells[0] as number | null)
              else if (cells[0] !== null) {
                collected[at]!.addSealed(Number(cells[1]), cells[0] as number)
                collected[at]!.addSealed(Number(cells[3]), cells[2] as number)
              }
            })
          }
          if (collected[0]?.isFull) return undefined
        }
      }
      return collected
    }
    const all = isRaw ? await read('frames', true) : undefined
    // A stream may have more frames than its DATA_RATE says, which may be 0.
    const collected = all ?? (await read(isFew && !isRaw ? 'frames' : tierFor((toUs - fromUs) / parts), false))!
    const series = ids.map((id, at) => ({ channel: id, unit: units[at]!, ...collected[at]!.all() }))
    return { series, isRaw: all !== undefined }
  })
}

/** Frames of a file that has no columns of them. */
const wholeSql = ({ folder }: Store, { path }: Segment, { fromUs, toUs }: Period): string =>
  `select epoch_us(time), frame from ${numberedParquet(join(folder, path))}
   where ${KINDS} and epoch_us(time) >= ${fromUs} and epoch_us(time) < ${toUs} order by time, ${RANK}, file_row_number`

/** Parts of a tier in a part of what is asked, at least: the ends of a part are as exact as that. */
const PARTS_OF_TIER = 5

const tierFor = (partUs: number): Tier =>
  coarseTiers.findLast((tier) => partUs >= PARTS_OF_TIER * tierUs[tier]) ?? 'frames'

/** Time and values, or with `parts`: of each part and channel the least, its time, the greatest, its time. */
function sealedSql(
  { folder }: Store,
  { path, hour, tier }: Segment,
  channels: readonly (Channel | undefined)[],
  { fromUs, toUs }: Period,
  parts: number,
): string {
  const isWhole = fromUs <= hour * HOUR_US && toUs >= (hour + 1) * HOUR_US
  const within = isWhole ? 'true' : `epoch_us(time) >= ${fromUs} and epoch_us(time) < ${toUs}`
  const values = channels.flatMap((channel, at) =>
    tier === 'frames'
      ? [`${channel?.sql ?? 'null::double'} as v${at}`]
      : extremesOf(channel).map((sql, end) => `${sql} as v${at}_${end}`),
  )
  const where = tier === 'frames' ? `${KINDS} and ${within}` : within
  const read = `select epoch_us(time) as t, ${values.join(', ')} from ${numberedParquet(join(folder, path))} where ${where}`
  if (parts === 0) return `${read} order by time, ${RANK}, file_row_number`
  const extremes = channels.map((_, at) => {
    const [least, greatest] = tier === 'frames' ? [`v${at}`, `v${at}`] : [`v${at}_0`, `v${at}_1`]
    return `min(${least}), arg_min(t, ${least}), max(${greatest}), arg_max(t, ${greatest})`
  })
  return `select ((t - ${fromUs}) * ${parts}) // ${toUs - fromUs} as part, ${extremes.join(', ')} from (${read}) group by part order by part`
}

function extremesOf(channel: Channel | undefined): readonly [string, string] {
  if (!channel) return ['null::double', 'null::double']
  if (channel.isWord) return [`${tierColumn(channel.id, 'or')}::double`, `${tierColumn(channel.id, 'or')}::double`]
  return [tierColumn(channel.id, 'min'), tierColumn(channel.id, 'max')]
}

interface Collected {
  /** Of what is hot. */
  add(timeUs: number, value: number | null): void
  /** Of what is sealed: what is hot has come later. */
  addSealed(timeUs: number, value: number | null): void
  /** There are more than it has room for. */
  readonly isFull: boolean
  all(): Pick<Series, 'timesUs' | 'values'>
}

/** All of them, by their times; of one time the last that came. */
class Raw implements Collected {
  readonly #most: number
  readonly #values = new Map<number, number | null>()
  readonly #hotUs = new Set<number>()

  constructor(most: number) {
    this.#most = most
  }

  get isFull(): boolean {
    return this.#values.size > this.#most
  }

  add(timeUs: number, value: number | null): void {
    this.#hotUs.add(timeUs)
    this.#values.set(timeUs, value)
  }

  addSealed(timeUs: number, value: number | null): void {
    if (!this.#hotUs.has(timeUs)) this.#values.set(timeUs, value)
  }

  all(): Pick<Series, 'timesUs' | 'values'> {
    const pairs = [...this.#values].toSorted(([one], [other]) => one - other)
    return { timesUs: pairs.map(([timeUs]) => timeUs), values: pairs.map(([, value]) => value) }
  }
}

/** The least and the greatest of each part, with their times. */
class Extremes implements Collected {
  readonly isFull = false
  readonly #fromUs: number
  readonly #partUs: number
  readonly #has: Uint8Array
  readonly #least: Float64Array
  readonly #greatest: Float64Array
  readonly #leastUs: Float64Array
  readonly #greatestUs: Float64Array

  constructor({ fromUs, toUs }: Period, parts: number) {
    this.#fromUs = fromUs
    this.#partUs = (toUs - fromUs) / parts
    this.#has = new Uint8Array(parts)
    this.#least = new Float64Array(parts)
    this.#greatest = new Float64Array(parts)
    this.#leastUs = new Float64Array(parts)
    this.#greatestUs = new Float64Array(parts)
  }

  add(timeUs: number, value: number | null): void {
    if (value === null) return
    const part = Math.max(0, Math.min(this.#has.length - 1, Math.floor((timeUs - this.#fromUs) / this.#partUs)))
    const isFirst = this.#has[part] === 0
    this.#has[part] = 1
    if (isFirst || value < this.#least[part]!) {
      this.#least[part] = value
      this.#leastUs[part] = timeUs
    }
    if (isFirst || value > this.#greatest[part]!) {
      this.#greatest[part] = value
      this.#greatestUs[part] = timeUs
    }
  }

  addSealed(timeUs: number, value: number | null): void {
    this.add(timeUs, value)
  }

  all(): Pick<Series, 'timesUs' | 'values'> {
    const timesUs: number[] = []
    const values: number[] = []
    for (let part = 0; part < this.#has.length; part++) {
      if (this.#has[part] === 0) continue
      const least = [this.#leastUs[part]!, this.#least[part]!] as const
      const greatest = [this.#greatestUs[part]!, this.#greatest[part]!] as const
      const inOrder = least[0] <= greatest[0] ? [least, greatest] : [greatest, least]
      // Of seconds and minutes both have the time of their part.
      const isOne = least[0] === greatest[0] && least[1] === greatest[1]
      for (const [timeUs, value] of isOne ? [least] : inOrder) {
        timesUs.push(timeUs)
        values.push(value)
      }
    }
    return { timesUs, values }
  }
}
