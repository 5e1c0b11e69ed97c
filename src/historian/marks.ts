/**
 * Frames that are marked: by bits of STAT, or by how they came. Found in SQL, as
 * runs: frames of one mark, one after the other.
 */
import { join } from 'node:path'
import { dataBlocks, Stat } from '../c37118/index.ts'
import { periodUs } from './configuration-history.ts'
import type { Connection, Row } from './database.ts'
import type { Period } from './reading.ts'
import { Kind } from './schema.ts'
import { KINDS, parquet, quoted } from './sql.ts'
import type { Epoch, Segment, Store } from './store.ts'
import { tierColumn, tierUs } from './tiers.ts'

/** Bits that are looked for. */
const MARKED = Stat.dataError | Stat.notSynchronised | Stat.trigger
/** All of them are of the high byte, and no less than this: what is good is passed over by a comparison. */
const LEAST_MARKED = Stat.trigger
const markedKinds = `kind in (${Kind.late}, ${Kind.conflict}, ${Kind.revision})`
/** Of one query: the newest. */
export const MOST_RUNS = 5000

/** A frame that comes no later than so many steps is the next one. */
export const NEXT = 1.5

export interface Run {
  readonly epoch: Epoch
  /** Its place in the configuration, from 0; undefined: of the whole frame. */
  readonly pmu: number | undefined
  /** Bits of STAT; where there is no PMU, the kind of the frame. */
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
): Promise<readonly Run[]> {
  const where = (of: readonly Epoch[]): string =>
    `epoch in (${of.map(({ number }) => number).join(', ')}) and time_us >= ${fromUs} and time_us < ${toUs}`
  const steps = (of: readonly Epoch[]): string =>
    `case epoch ${of.map((epoch) => `when ${epoch.number} then ${periodUs(epoch)}`).join(' ')} end as step`
  const queries =
    epochs.length === 0 ? [] : [kindsSql('time_us', 'epoch', steps(epochs), `frames where ${where(epochs)}`)]
  for (const of of byOffsets(epochs)) {
    const offsets = offsetsOf(of[0]!)
    const isMarked = offsets.map(
      (at) =>
        `array_slice(frame, ${at + 1}, ${at + 1}) >= '\\x${(LEAST_MARKED >> 8).toString(16).padStart(2, '0')}'::blob`,
    )
    const stats = offsets.map((at) => `array_slice(frame, ${at + 1}, ${at + 2})::bit::integer`)
    const read = `frames where ${where(of)} and ${KINDS} and (${isMarked.join(' or ')})`
    queries.push(marksSql('time_us', 'epoch', steps(of), stats, read))
  }
  return read(store, connection, queries)
}

/** Of the sealed files of an hour and a configuration, of whatever tiers are left. */
export async function sealedRuns(
  store: Store,
  connection: Connection,
  segments: readonly Segment[],
  { fromUs, toUs }: Period,
): Promise<readonly Run[]> {
  const of = (tier: Segment['tier']): Segment | undefined => segments.find((segment) => segment.tier === tier)
  const [frames, seconds, minutes] = [of('frames'), of('seconds'), of('minutes')]
  const epoch = store.epoch(segments[0]!.epoch)
  const table = ({ path }: Segment, from: number, to: number): string =>
    `${parquet(join(store.folder, path))} where epoch_us(time) >= ${from} and epoch_us(time) < ${to}`
  const coarse = minutes ?? seconds
  let [beginUs, endUs] = [fromUs, toUs]
  if (coarse && frames) {
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
  if (frames) {
    const step = `${periodUs(epoch)} as step`
    queries.push(kindsSql('epoch_us(time)', `${epoch.number}`, step, table(frames, fromUs, toUs)))
    const stats = statsOf(epoch)
    const isMarked = stats.map((stat) => `${stat} >= ${LEAST_MARKED}`)
    const within = `${table(frames, beginUs, endUs)} and ${KINDS} and (${isMarked.join(' or ')})`
    if (beginUs < endUs) queries.push(marksSql('epoch_us(time)', `${epoch.number}`, step, stats, within))
  } else {
    const finest = (seconds ?? minutes)!
    const unitUs = finest === seconds ? tierUs.seconds : tierUs.minutes
    const within = table(finest, Math.floor(fromUs / unitUs) * unitUs, toUs)
    queries.push(marksSql('epoch_us(time)', `${epoch.number}`, `${unitUs} as step`, statsOf(epoch, 'or'), within))
  }
  return read(store, connection, queries)
}

/** `e` epoch, `t` time, `p` PMU or minus the kind, `k` bits. */
const kindsSql = (time: string, epoch: string, step: string, from: string): string =>
  runsSql(`select ${epoch} as e, ${time} as t, -kind::integer as p, 0 as k, ${step} from ${from} and ${markedKinds}`)

function marksSql(time: string, epoch: string, step: string, stats: readonly string[], from: string): string {
  const each = `unnest([${stats.map((stat) => `${stat}::integer`).join(', ')}]) as s, unnest([${stats.map((_, at) => at).join(', ')}]) as p`
  const read = `select ${epoch} as e, ${time} as t, ${each}, ${step} from ${from}`
  const bits = `(s & ${MARKED}) | case when (s & ${Stat.trigger}) <> 0 then s & ${Stat.triggerReason} else 0 end`
  return runsSql(`select e, t, p, ${bits} as k, step from (${read}) where (s & ${MARKED}) <> 0`)
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

/** Columns of sealed files. */
const statsOf = ({ configuration }: Epoch, part?: 'or'): readonly string[] =>
  configuration.pmus.map((_, pmu) => (part ? tierColumn(`${pmu + 1}.stat`, part) : quoted(`${pmu + 1}.stat`)))

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
