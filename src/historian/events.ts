/**
 * What was striking about streams in a period: triggers, lost synchronisation,
 * errors and absence, as STAT says; gaps, and how they healed; changes of configuration;
 * frames that contradict others, or complete them. The newest are found first.
 */
import { type SealedHour, sealedHours } from './best-segments.ts'
import { completenessOf, type LedgerView } from './completeness.ts'
import { configurationHistories, type InForce } from './configuration-history.ts'
import type { Connection } from './database.ts'
import {
  describeChange,
  describeConfiguration,
  describeGap,
  describeMark,
  marksOf,
  marksWanted,
  type Said,
} from './describe-events.ts'
import { type EventKind, eventKinds } from './event-kinds.ts'
import { hotRuns, MOST_RUNS, NEXT, type Run, sealedRuns, type Wanted } from './marks.ts'
import type { Period } from './reading.ts'
import { HOUR_US } from './schema.ts'
import type { Store } from './store.ts'
import { withConnection } from './with-connection.ts'

export interface EventsQuery extends Period {
  /** Undefined: of all streams. */
  readonly topic?: string
  /** Only events of these; undefined: all. */
  readonly kinds?: readonly EventKind[]
  /** The newest so many. */
  readonly limit: number
}

export interface StreamEvent extends Said {
  readonly timeUs: number
  /** Exclusive, and no later than the end of the period; null: it is a moment. */
  readonly untilUs: number | null
  readonly topic: string
}

export interface Events {
  /** By time, the newest last. */
  readonly events: readonly StreamEvent[]
  /** There are older ones. */
  readonly more: boolean
}

/** Throws HistorianError where the stream is unknown. */
export async function eventsOf(
  store: Store,
  { topic, kinds = eventKinds, fromUs, toUs, limit }: EventsQuery,
  viewOf: (topic: string) => LedgerView,
  signal?: AbortSignal,
): Promise<Events> {
  const topics = topic === undefined ? store.topics : [topic]
  const period = { fromUs, toUs }
  const wanted = new Set(kinds)
  const found: StreamEvent[] = []
  let isCut = false
  const streams = topics.map((each) => store.streamOf(each))
  // The one before the period is known by the hour before it.
  const ofConfigurations = wanted.has('configuration') || wanted.has('appeared')
  const histories = ofConfigurations
    ? await configurationHistories(store, streams, fromUs - HOUR_US, signal)
    : new Map<number, readonly InForce[]>()
  for (const each of topics) {
    signal?.throwIfAborted()
    const view = viewOf(each)
    const changes = configurations(histories.get(store.streamOf(each)) ?? [], each, period, view)
    found.push(...changes.filter(({ kind }) => wanted.has(kind)))
    if (!wanted.has('gap')) continue
    const { gaps, moreGaps } = await completenessOf(store, { topic: each, ...period, parts: 1 }, view, signal)
    if (moreGaps > 0) isCut = true
    for (const gap of gaps)
      found.push({ timeUs: gap.fromUs, untilUs: Math.min(gap.toUs, toUs), topic: each, ...describeGap(gap) })
  }
  return await withConnection(store, signal, async (connection) => {
    const marked = await markedOf(store, connection, topics, period, marksWanted(wanted), found, limit, signal)
    const all = [...found, ...marked.events].toSorted(byTime)
    const events = all.slice(-limit)
    return { events, more: isCut || marked.isCut || all.length > events.length }
  })
}

function configurations(
  history: readonly InForce[],
  topic: string,
  { fromUs, toUs }: Period,
  { ledger }: LedgerView,
): readonly StreamEvent[] {
  return history.flatMap(({ sinceUs, epoch: { configuration } }, at): StreamEvent[] => {
    const before = history[at - 1]?.epoch.configuration
    // The account knows of its beginning longer than frames are kept.
    const timeUs = before ? sinceUs : (ledger?.beganUs ?? sinceUs)
    if (timeUs < fromUs || timeUs >= toUs) return []
    const said = before ? describeChange(before, configuration) : describeConfiguration(configuration)
    return [{ timeUs, untilUs: null, topic, ...said }]
  })
}

/** From the newest hour on, until there are enough of them, and one more: it tells that there are older ones. */
async function markedOf(
  store: Store,
  connection: Connection,
  topics: readonly string[],
  period: Period,
  wanted: Wanted,
  others: readonly StreamEvent[],
  limit: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly events: readonly StreamEvent[]; readonly isCut: boolean }> {
  if (wanted.bits === 0 && wanted.kinds.length === 0) return { events: [], isCut: false }
  const streams = topics.map((topic) => store.streamOf(topic))
  const epochs = streams.flatMap((stream) => store.epochsOf(stream))
  const runs = new Runs(store, period)
  runs.add(await hotRuns(store, connection, epochs, period, wanted))
  // Only now: what was sealed before was no longer hot, and what is sealed since is found twice, and joined.
  const hours = new Map<number, SealedHour[]>()
  for (const files of streams.flatMap((stream) => sealedHours(store, stream, period))) {
    const { hour } = files[0]!
    hours.set(hour, [...(hours.get(hour) ?? []), files])
  }
  const newestFirst = [...hours].toSorted(([one], [other]) => other - one)
  for (const [hour, files] of newestFirst) {
    const sinceUs = (hour + 1) * HOUR_US
    if (runs.since(sinceUs) + others.filter(({ timeUs }) => timeUs >= sinceUs).length > limit)
      return { events: runs.all(), isCut: true }
    for (const segments of files) {
      signal?.throwIfAborted()
      runs.add(await sealedRuns(store, connection, segments, period, wanted))
    }
  }
  return { events: runs.all(), isCut: runs.isCut }
}

/** Those of one time always in the same order. */
const byTime = (one: StreamEvent, other: StreamEvent): number =>
  one.timeUs - other.timeUs || (nameOf(one) < nameOf(other) ? -1 : 1)
const nameOf = ({ topic, kind, what, detail }: StreamEvent): string => [topic, kind, detail, what].join('\n')

/** Runs of the same mark that meet, at the end of an hour for one, are one event. */
class Runs {
  readonly #store: Store
  readonly #period: Period
  readonly #byMark = new Map<string, { readonly said: Said; readonly parts: Run[] }>()
  #events: readonly { readonly run: Run; readonly said: Said }[] | undefined
  isCut = false

  constructor(store: Store, period: Period) {
    this.#store = store
    this.#period = period
  }

  add(runs: readonly Run[]): void {
    if (runs.length >= MOST_RUNS) this.isCut = true
    if (runs.length > 0) this.#events = undefined
    for (const run of runs) {
      for (const mark of run.pmu === undefined ? [run.mark] : marksOf(run.mark)) {
        const key = `${run.epoch.number} ${run.pmu} ${mark}`
        const known = this.#byMark.get(key)
        if (known) known.parts.push(run)
        else this.#byMark.set(key, { said: describeMark(run.epoch.configuration, run.pmu, mark), parts: [run] })
      }
    }
  }

  all(): readonly StreamEvent[] {
    return this.#joined().map(({ run: { epoch, fromUs, lastUs, stepUs }, said }) => ({
      timeUs: Math.max(fromUs, this.#period.fromUs),
      untilUs: Math.min(lastUs + stepUs, this.#period.toUs),
      topic: this.#store.topicOf(epoch.stream),
      ...said,
    }))
  }

  /** How many begin after this, and are whole though nothing older is looked at. */
  since(us: number): number {
    return this.#joined().filter(({ run: { fromUs, stepUs } }) => fromUs > us + NEXT * stepUs).length
  }

  #joined(): readonly { readonly run: Run; readonly said: Said }[] {
    this.#events ??= [...this.#byMark.values()].flatMap(({ said, parts }) =>
      joined(parts).map((run) => ({ run, said })),
    )
    return this.#events
  }
}

function joined(runs: readonly Run[]): readonly Run[] {
  const found: Run[] = []
  for (const run of runs.toSorted((one, other) => one.fromUs - other.fromUs)) {
    const last = found.at(-1)
    if (last && run.fromUs - last.lastUs <= NEXT * last.stepUs)
      found[found.length - 1] = { ...last, lastUs: Math.max(last.lastUs, run.lastUs) }
    else found.push(run)
  }
  return found
}
