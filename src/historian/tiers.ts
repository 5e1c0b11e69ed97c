/**
 * What is kept of a sealed hour besides its frames: for each second, and each
 * minute, the least, the greatest and the mean of every channel, how many values
 * there were, and all bits that stood in STAT and digital words. Kept longer, and read for long periods.
 */
import { channelsOf } from './channels.ts'
import type { FrameTable } from './frame-table.ts'
import { KINDS, parquet, quoted } from './sql.ts'

/** From the finest. */
export const tiers = ['frames', 'seconds', 'minutes'] as const
export type Tier = (typeof tiers)[number]

export const tierUs = { seconds: 1_000_000, minutes: 60_000_000 } as const
export type CoarseTier = keyof typeof tierUs
export const coarseTiers = Object.keys(tierUs) as readonly CoarseTier[]

type Part = 'min' | 'max' | 'mean' | 'count' | 'or'

/** As it is called in SQL. */
export const tierColumn = (channel: string, part: Part): string => quoted(`${channel}.${part}`)

/** Of a sealed file of frames, as a query. */
export function tierSql(table: FrameTable, path: string, tier: CoarseTier): string {
  const us = tierUs[tier]
  const channels = channelsOf(table)
  const values = channels.map(({ sql }, at) => `${sql} as v${at}`)
  const read = `select (epoch_us(time) // ${us}) * ${us} as t, ${values.join(', ')} from ${parquet(path)} where ${KINDS}`
  const columns = channels.flatMap(({ id, unit, isWord }, at) => {
    const name = (of: Part): string => tierColumn(id, of)
    if (isWord) return [`bit_or(v${at}::usmallint) as ${name('or')}`]
    const mean = unit === 'rad' ? `atan2(avg(sin(v${at})), avg(cos(v${at})))` : `avg(v${at})`
    return [
      `min(v${at}) as ${name('min')}`,
      `max(v${at}) as ${name('max')}`,
      `${mean} as ${name('mean')}`,
      `count(v${at})::uinteger as ${name('count')}`,
    ]
  })
  return `select make_timestamp(t) as time, count(*)::uinteger as frames, ${columns.join(', ')} from (${read}) group by t order by t`
}

/**
 * Of an hour that is sealed anew, with what its file had before: frames that it was made of may be gone. The least, the
 * greatest and all bits of both; the mean of the one that had more values.
 */
export function joinedTierSql(table: FrameTable, made: string, before: string): string {
  const columns = channelsOf(table).flatMap(({ id, isWord }) => {
    const name = (of: Part): string => tierColumn(id, of)
    if (isWord) return [`bit_or(${name('or')}) as ${name('or')}`]
    return [
      `min(${name('min')}) as ${name('min')}`,
      `max(${name('max')}) as ${name('max')}`,
      `arg_max(${name('mean')}, ${name('count')}) as ${name('mean')}`,
      `max(${name('count')}) as ${name('count')}`,
    ]
  })
  return `select time, max(frames) as frames, ${columns.join(', ')} from ((${made}) union all by name (${before})) group by time order by time`
}
