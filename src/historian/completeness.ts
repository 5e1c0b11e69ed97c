/**
 * How much a store has of a stream in a period, and why not all: by the ledger,
 * which is written in the transaction of the frames that it knows of, and by
 * what it has let go of. In each part and in all
 *
 *   expected = held + never produced + not received + lost + pending
 */
import {
  type MissingStretch,
  type MissingWhy,
  missingWhys,
  type StreamLedger,
  type Stretch,
  within,
} from '../streams/index.ts'
import { type ArchivedStretch, ArchivedStretches } from './archived-stretches.ts'
import type { Period } from './reading.ts'
import type { Store } from './store.ts'
import { withConnection } from './with-connection.ts'

export interface CompletenessQuery extends Period {
  readonly topic: string
  /** In how many parts of equal length the period is told, too. */
  readonly parts: number
}

/** In timestamps, those that the rate of their time asks for. */
export interface Counts {
  readonly expected: number
  readonly held: number
  /** By reason: what is not held, and why. */
  readonly missing: Readonly<Record<MissingWhy, number>>
}

/** Timestamps without a frame, one after the other, for one reason. */
export interface ListedGap extends Period {
  readonly frames: number
  readonly why: MissingWhy
  /** As the journals say it; empty where they do not. */
  readonly reason: string
}

export interface Completeness extends Counts {
  readonly reasons: Readonly<Record<MissingWhy, Readonly<Record<string, number>>>>
  readonly parts: readonly (Period & Counts)[]
  /** By time: the newest of them. */
  readonly gaps: readonly ListedGap[]
  /** Older ones, that are not listed. */
  readonly moreGaps: number
}

/** What is known at one moment. */
export interface LedgerView {
  readonly ledger: StreamLedger | undefined
  /** What it has let go of, and is not on disk. */
  readonly archived: readonly ArchivedStretch[]
  /** What it has let go of before is in the store, in the batches up to this. */
  readonly batch: number
  /** All that was stored before may be gone by now, and is not asked for. */
  readonly sinceUs: number
}

export const MOST_GAPS = 1000

/** Throws HistorianError where the stream is unknown. */
export async function completenessOf(
  store: Store,
  { topic, fromUs, toUs, parts }: CompletenessQuery,
  { ledger, archived, batch, sinceUs }: LedgerView,
  signal?: AbortSignal,
): Promise<Completeness> {
  const stream = store.streamOf(topic)
  const sums = new Sums({ fromUs, toUs }, parts, sinceUs)
  // Now, and not after something was waited for: it is of the same moment as the number of the batch.
  for (const stretch of ledger?.expectedStretches() ?? []) sums.expected(stretch)
  const remembered = [
    ...(ledger?.missingStretches(fromUs, toUs) ?? []),
    ...archived.filter((one): one is ArchivedStretch & MissingStretch => one.why !== 'expected'),
  ]
  for (const one of archived) if (one.why === 'expected') sums.expected(one)
  for (const missing of remembered) sums.missing(missing)

  return await withConnection(store, signal, async (connection) => {
    const stored = new ArchivedStretches(connection, { stream, batch, fromUs, toUs, parts, sinceUs })
    for (const stretch of await stored.expected()) sums.expected(stretch)
    for (const { part, why, reason, slots } of await stored.sums()) sums.add(part, why, reason, slots)
    for (const missing of await stored.across()) sums.missing(missing)
    const older = await stored.newest(MOST_GAPS)
    const lowUs = Math.max(fromUs, sinceUs)
    const all = [...remembered, ...older.gaps]
      .map((gap) => within(gap, lowUs, toUs))
      .filter((gap) => gap !== undefined)
      .map(listed)
      .toSorted((one, other) => one.fromUs - other.fromUs)
    const gaps = all.slice(-MOST_GAPS)
    return { ...sums.all(), gaps, moreGaps: all.length - gaps.length + older.count - older.gaps.length }
  })
}

function listed({ grid, from, to, why, reason }: MissingStretch): ListedGap {
  return { fromUs: grid.microsecondsOf(from), toUs: grid.microsecondsOf(to), frames: to - from, why, reason }
}

class Sums {
  readonly #edges: readonly number[]
  readonly #sinceUs: number
  readonly #expected: Float64Array
  readonly #missing: Readonly<Record<MissingWhy, Float64Array>>
  readonly #reasons: Record<MissingWhy, Record<string, number>>

  constructor({ fromUs, toUs }: Period, parts: number, sinceUs: number) {
    // Rounded up: a time is in part floor((time - from) × parts / length), as a store sums them.
    this.#edges = Array.from({ length: parts + 1 }, (_, n) => fromUs + Math.ceil((n * (toUs - fromUs)) / parts))
    this.#sinceUs = sinceUs
    this.#expected = new Float64Array(parts)
    this.#missing = byWhy(() => new Float64Array(parts))
    this.#reasons = byWhy(() => ({}))
  }

  expected(stretch: Stretch): void {
    this.#each(stretch, (part, slots) => {
      this.#expected[part]! += slots
    })
  }

  missing(stretch: MissingStretch): void {
    this.#each(stretch, (part, slots) => this.add(part, stretch.why, stretch.reason, slots))
  }

  add(part: number, why: MissingWhy, reason: string, slots: number): void {
    this.#missing[why][part]! += slots
    const reasons = this.#reasons[why]
    reasons[reason] = (reasons[reason] ?? 0) + slots
  }

  all(): Omit<Completeness, 'gaps' | 'moreGaps'> {
    const parts = Array.from(this.#expected, (expected, part) => ({
      fromUs: this.#edges[part]!,
      toUs: this.#edges[part + 1]!,
      ...counts(
        expected,
        byWhy((why) => this.#missing[why][part]!),
      ),
    }))
    const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0)
    const whole = counts(
      sum(this.#expected),
      byWhy((why) => sum(this.#missing[why])),
    )
    return { ...whole, reasons: this.#reasons, parts }
  }

  /** Its slots in each part that it touches. */
  #each({ grid, from, to }: Stretch, visit: (part: number, slots: number) => void): void {
    const edges = this.#edges
    const beginUs = grid.microsecondsOf(from)
    let low = 0
    for (let high = edges.length - 1; low < high; ) {
      const middle = (low + high) >>> 1
      if (edges[middle + 1]! <= beginUs) low = middle + 1
      else high = middle
    }
    let at = Math.max(from, grid.slotFrom(Math.max(edges[low] ?? 0, this.#sinceUs)))
    for (let part = low; part < edges.length - 1 && at < to; part++) {
      const end = Math.min(to, grid.slotFrom(edges[part + 1]!))
      if (end <= at) continue
      visit(part, end - at)
      at = end
    }
  }
}

function counts(expected: number, missing: Counts['missing']): Counts {
  const held = missingWhys.reduce((left, why) => left - missing[why], expected)
  return { expected, held, missing }
}

const byWhy = <T>(of: (why: MissingWhy) => T): Record<MissingWhy, T> =>
  Object.fromEntries(missingWhys.map((why) => [why, of(why)])) as Record<MissingWhy, T>
