/**
 * Frames that are marked: by bits of STAT, or by how they came. Found in SQL, as
 * runs: frames of one mark, one after the other.
 */
import { join } from 'node:path'
import { ABSENT_STAT, dataBlocks, Stat } from '../c37118/index.ts'
import { parseStreamTopic } from '../streams/index.ts'
import { periodUs } from './configuration-history.ts'
import type { Connection, Row } from './database.ts'
import type { Period } from './reading.ts'
import type { Kind } from './schema.ts'
import { KINDS, parquet, quoted } from './sql.ts'
import type { Epoch, Segment, Store } from './store.ts'
import { tierColumn, tierUs } from './tiers.ts'

/** Bits that are looked for. */
const MARKED = Stat.dataError | Stat.notSynchronised | Stat.trigger
/** All of them are of the high byte, and no less than this: what is good is passed over by a comparison. */
const LEAST_MARKED = Stat.trigger
/** How a run says it: bits that no other mark has. */
export const ABSENT_MARK = ABSENT_STAT & ~MARKED
export const TRIGGER_MARK = Stat.trigger | Stat.triggerReason
/** Of one query: the newest. */
export const MOST_RUNS = 5000

/** A frame that comes no later than so many steps is the next one. */
export const NEXT = 1.5

/** What is looked for. */
export interface Wanted {
  /** Bits of STAT, and {@link ABSENT_MARK}. */
  readonly bits: number
  readonly kinds: readonly Kind[]
}

export interface Run {
  readonly epoch: Epoch
  /** Its place in the configuration, from 0; undefined: of the whole frame. */
  readonly pmu: number | undefined
  /** Bits of STAT, or {@link ABSENT_MARK}; where there is no PMU, the kind of the frame. */
  readonly mark: number
  readonly fromUs: number
  /** Of the last frame. */
  readonly lastUs: number
  /** From frame to frame: where they are further apart there are two runs. */
  readonly stepUs: number
}

/** Of what is hot. */
export async function hotRuns(
  store: Store,
  connection: Connection,
  epochs: readonly Epoch[],
  { fromUs, toUs }: Period,
  wanted: Wanted,
): Promise<readonly Run[]> {
  const where = (of: readonly Epoch[]): string =>
    `epoch in (${of.map(({ number }) => number).join(', ')}) and time_us >= ${fromUs} and time_us < ${toUs}`
  const steps = (of: readonly Epoch[]): string =>
    `case epoch ${of.map((epoch) => `when ${epoch.number} then ${periodUs(epoch)}`).join(' ')} end as step`
  const queries: string[] = []
  if (epochs.length > 0 && wanted.kinds.length > 0)
    queries.push(kindsSql('time_us', 'epoch', steps(epochs), `frames where ${where(epochs)}`, wanted))
  for (const of of wanted.bits === 0 ? [] : byOffsets(epochs)) {
    const { stats, isMarked } = wholeStats(of[0]!)
    const read = `frames where ${where(of)} and ${KINDS} and (${isMarked.join(' or ')})`
    queries.push(marksSql('time_us', 'epoch', steps(of), stats, read, wanted, pdcsOf(store, of)))
  }
  return read(store, connection, queries)
}

/** Of the sealed files of an hour and a configuration, of whatever tiers are left. */
export async function sealedRuns(
  store: Store,
  connection: Connection,
  segments: readonly Segment[],
  { fromUs, toUs }: Period,
  wanted: Wanted,
): Promise<readonly Run[]> {
  const of = (tier: Segment['tier']): Segment | undefined => segments.find((segment) => segment.tier === tier)
  const [frames, seconds, minutes] = [of('frames'), of('seconds'), of('minutes')]
  const epoch = store.epoch(segments[0]!.epoch)
  const table = ({ path }: Segment, from: number, to: number): string =>
    `${parquet(join(store.folder, path))} where epoch_us(time) >= ${from} and epoch_us(time) < ${to}`
  const coarse = minutes ?? seconds
  let [beginUs, endUs] = [fromUs, toUs]
  if (coarse && frames && wanted.bits !== 0) {
    // Most hours have nothing of it, and of most others only some minutes.
    const unitUs = coarse === minutes ? tierUs.minutes : tierUs.seconds
    const isMarked = statsOf(epoch, 'or').map((stat) => `(${stat} & ${MARKED}) <> 0`)
    const within = table(coarse, Math.floor(fromUs / unitUs) * unitUs, toUs)
    const [[first, last] = []] = await connection.rows(
      `select epoch_us(min(time)), epoch_us(max(time)) from ${within} and (${isMarked.join(' or ')})`,
    )
    beginUs = first === null || first === undefined ? endUs : Math.max(fromUs, Number(first))
    endUs = Math.min(toUs, Number(last ?? 0) + unitUs)
  }
  const queries: string[] = []
  const pdcs = pdcsOf(store, [epoch])
  if (frames) {
    const step = `${periodUs(epoch)} as step`
    const number = `${epoch.number}`
    if (wanted.kinds.length > 0)
      queries.push(kindsSql('epoch_us(time)', number, step, table(frames, fromUs, toUs), wanted))
    const { stats, isMarked } = store.tableOf(epoch).isWide ? wholeStats(epoch) : columnStats(epoch)
    const within = `${table(frames, beginUs, endUs)} and ${KINDS} and (${isMarked.join(' or ')})`
    if (beginUs < endUs && wanted.bits !== 0)
      queries.push(marksSql('epoch_us(time)', number, step, stats, within, wanted, pdcs))
  } else if (wanted.bits !== 0) {
    const finest = (seconds ?? minutes)!
    const unitUs = finest === seconds ? tierUs.seconds : tierUs.minutes
    const within = table(finest, Math.floor(fromUs / unitUs) * unitUs, toUs)
    const step = `${unitUs} as step`
    queries.push(marksSql('epoch_us(time)', `${epoch.number}`, step, statsOf(epoch, 'or'), within, wanted, pdcs))
  }
  return read(store, connection, queries)
}

/** `e` epoch, `t` time, `p` PMU or minus the kind, `k` bits. */
const kindsSql = (time: string, epoch: string, step: string, from: string, { kinds }: Wanted): string =>
  runsSql(
    `select ${epoch} as e, ${time} as t, -kind::integer as p, 0 as k, ${step} from ${from} and kind in (${kinds.join(', ')})`,
  )

/** `pdcs`: numbers of the epochs in which PMUs can be absent. */
function marksSql(
  time: string,
  epoch: string,
  step: string,
  stats: readonly string[],
  from: string,
  { bits }: Wanted,
  pdcs: readonly number[],
): string {
  const each = `unnest([${stats.map((stat) => `${stat}::integer`).join(', ')}]) as s, unnest([${stats.map((_, at) => at).join(', ')}]) as p`
  const read = `select ${epoch} as e, ${time} as t, ${each}, ${step} from ${from}`
  const isAbsent = `(s & ${ABSENT_STAT | Stat.dataError}) = ${ABSENT_STAT} and e in (${pdcs.join(', ')})`
  const errors = `s & ${Stat.dataError | Stat.notSynchronised}`
  const state = pdcs.length === 0 ? errors : `case when ${isAbsent} then ${ABSENT_MARK} else ${errors} end`
  const trigger = `case when (s & ${Stat.trigger}) <> 0 then s & ${TRIGGER_MARK} else 0 end`
  const marks = `select e, t, p, ((${state}) | (${trigger})) & ${bits} as k, step from (${read}) where (s & ${MARKED}) <> 0`
  return runsSql(`select * from (${marks}) where k <> 0`)
}

const runsSql = (marks: string): string =>
  `select e, p, k, min(t), max(t) as last, any_value(step) from (
     select *, sum(case when k = before and t - beforeT <= ${NEXT} * step then 0 else 1 end) over (partition by e, p order by t, k) as run from (
       select *, lag(k) over (partition by e, p order by t, k) as before, lag(t) over (partition by e, p order by t, k) as beforeT
       from (${marks})))
   group by e, p, k, run order by last desc limit ${MOST_RUNS}`

async function read(store: Store, connection: Connection, queries: readonly string[]): Promise<readonly Run[]> {
  const rows: Row[] = []
  for (const query of queries) rows.push(...(await connection.rows(query)))
  return rows.map(([epoch, place, bits, fromUs, lastUs, stepUs]) => ({
    epoch: store.epoch(Number(epoch)),
    pmu: Number(place) < 0 ? undefined : Number(place),
    mark: Number(place) < 0 ? -Number(place) : Number(bits),
    fromUs: Number(fromUs),
    lastUs: Number(lastUs),
    stepUs: Number(stepUs),
  }))
}

/** Of those that are of a PDC: numbers. */
const pdcsOf = (store: Store, epochs: readonly Epoch[]): readonly number[] =>
  epochs.filter(({ stream }) => parseStreamTopic(store.topicOf(stream)).dataType === 'PDC').map(({ number }) => number)

/** Columns of sealed files. */
const statsOf = ({ configuration }: Epoch, part?: 'or'): readonly string[] =>
  configuration.pmus.map((_, pmu) => (part ? tierColumn(`${pmu + 1}.stat`, part) : quoted(`${pmu + 1}.stat`)))

interface StatSql {
  readonly stats: readonly string[]
  /** Whether it may have a mark. */
  readonly isMarked: readonly string[]
}

function columnStats(epoch: Epoch): StatSql {
  const stats = statsOf(epoch)
  return { stats, isMarked: stats.map((stat) => `${stat} >= ${LEAST_MARKED}`) }
}

/** Of whole frames, in a column of that name. */
function wholeStats(epoch: Epoch): StatSql {
  const offsets = offsetsOf(epoch)
  const least = `'\\x${(LEAST_MARKED >> 8).toString(16).padStart(2, '0')}'::blob`
  return {
    stats: offsets.map((at) => `array_slice(frame, ${at + 1}, ${at + 2})::bit::integer`),
    isMarked: offsets.map((at) => `array_slice(frame, ${at + 1}, ${at + 1}) >= ${least}`),
  }
}

/** Where STAT of each PMU is in a frame. */
const offsetsOf = ({ configuration }: Epoch): readonly number[] => dataBlocks(configuration).map(({ offset }) => offset)

/** Epochs whose frames have STAT in the same places. */
function byOffsets(epochs: readonly Epoch[]): Iterable<readonly Epoch[]> {
  const groups = new Map<string, Epoch[]>()
  for (const epoch of epochs) {
    const key = offsetsOf(epoch).join()
    const known = groups.get(key)
    if (known) known.push(epoch)
    else groups.set(key, [epoch])
  }
  return groups.values()
}
