/**
 * What the ledgers of a store no longer remember: gaps of long ago, of which
 * nothing changes any more, and the rates of long ago. Written in the
 * transaction of the ledger that has let go of them, and read by part of a period.
 */
import { type MissingStretch, type MissingWhy, SlotGrid, type Stretch } from '../streams/index.ts'
import type { Connection, Row } from './database.ts'
import type { Period } from './reading.ts'

export interface ArchivedStretch extends Stretch {
  readonly why: MissingWhy | 'expected'
  readonly reason: string
}

export interface ArchivedQuery extends Period {
  readonly stream: number
  /** The last batch that counts. */
  readonly batch: number
  readonly parts: number
  /** Nothing before it counts. */
  readonly sinceUs: number
}

export interface ArchivedSum {
  readonly part: number
  readonly why: MissingWhy
  readonly reason: string
  readonly slots: number
}

const COLUMNS = 'why, reason, data_rate, time_base, from_slot, to_slot'

export class ArchivedStretches {
  readonly #connection: Connection
  readonly #of: string
  readonly #within: string
  readonly #isInOnePart: string
  readonly #partOf: (us: string) => string

  constructor(connection: Connection, { stream, batch, fromUs, toUs, parts, sinceUs }: ArchivedQuery) {
    this.#connection = connection
    const lowUs = Math.max(fromUs, sinceUs)
    this.#of = `from stretches where stream = ${stream} and batch <= ${batch} and last_us >= ${lowUs} and from_us < ${toUs}`
    this.#within = `${this.#of} and why <> 'expected'`
    this.#partOf = (us) => `((${us} - ${fromUs}) * ${parts}) // ${toUs - fromUs}`
    this.#isInOnePart = `(from_us >= ${lowUs} and last_us < ${toUs} and ${this.#partOf('from_us')} = ${this.#partOf('last_us')})`
  }

  /** Of rates of long ago: what was expected. */
  async expected(): Promise<readonly Stretch[]> {
    return this.#stretches(`${this.#of} and why = 'expected'`)
  }

  /** Missing slots of stretches that lie in one part each. */
  async sums(): Promise<readonly ArchivedSum[]> {
    const rows = await this.#connection.rows(
      `select ${this.#partOf('from_us')} as part, why, reason, sum(to_slot - from_slot) ${this.#within} and ${this.#isInOnePart} group by part, why, reason`,
    )
    return rows.map(([part, why, reason, slots]) => ({
      part: Number(part),
      why: why as MissingWhy,
      reason: String(reason),
      slots: Number(slots),
    }))
  }

  /** Those that lie in several, or begin before the period, or end after it. */
  async across(): Promise<readonly MissingStretch[]> {
    return (await this.#stretches(`${this.#within} and not ${this.#isInOnePart}`)) as readonly MissingStretch[]
  }

  /** The newest, and how many there are. */
  async newest(limit: number): Promise<{ readonly gaps: readonly MissingStretch[]; readonly count: number }> {
    const gaps = await this.#stretches(`${this.#within} order by from_us desc limit ${limit}`)
    const [[count] = []] = await this.#connection.rows(`select count(*) ${this.#within}`)
    return { gaps: gaps as readonly MissingStretch[], count: Number(count) }
  }

  async #stretches(from: string): Promise<readonly ArchivedStretch[]> {
    return (await this.#connection.rows(`select ${COLUMNS} ${from}`)).map(stretchOf)
  }
}

function stretchOf([why, reason, dataRate, timeBase, from, to]: Row): ArchivedStretch {
  const grid = SlotGrid.of({ dataRate: Number(dataRate), timeBase: Number(timeBase) })
  if (!grid) throw new Error(`a gap is stored with rate ${dataRate} and time base ${timeBase}, which is none`)
  return { grid, from: Number(from), to: Number(to), why: why as ArchivedStretch['why'], reason: String(reason) }
}
