/**
 * Every sample of channels of many streams as one table. The API gives a table of each stream, and has two
 * places for those who want one: so the period is asked for piece by piece, one stream after the other.
 */
import type { Period } from './period.ts'

export interface SampledStream {
  readonly stream: string
  readonly channels: readonly string[]
}

/** The answer of the API to one stream's question: a row for each time, the head first. */
export type AskCsv = (stream: SampledStream, period: Period) => Promise<string>

/** At first, so that a fast stream does no harm; then by what came. */
const FIRST_US = 10e6
const LONGEST_US = 3600e6
/** Characters of a piece, of all streams: a longer one halves the next, a far shorter one doubles it. */
const PIECE_CHARACTERS = 2 * 2 ** 20

export interface SampledPiece {
  /** Rows, each with its line end. */
  readonly rows: string
  /** µs; all before it was told. */
  readonly toUs: number
}

/** Rows by time, columns in the order of `streams`; empty where a channel has no value at a time. */
export async function* everySample(
  streams: readonly SampledStream[],
  { fromUs, toUs }: Period,
  ask: AskCsv,
): AsyncGenerator<SampledPiece> {
  let us = FIRST_US
  for (let atUs = fromUs; atUs < toUs; ) {
    const untilUs = Math.min(toUs, atUs + us)
    const tables: string[] = []
    for (const stream of streams) tables.push(await ask(stream, { fromUs: atUs, toUs: untilUs }))
    const characters = tables.reduce((sum, { length }) => sum + length, 0)
    if (characters > PIECE_CHARACTERS) us /= 2
    else if (characters < PIECE_CHARACTERS / 4) us = Math.min(LONGEST_US, us * 2)
    yield {
      rows: joined(
        tables.map(withoutHead),
        streams.map(({ channels }) => channels.length),
      ),
      toUs: untilUs,
    }
    atUs = untilUs
  }
}

/** Names in it may hold line ends, in quotes. */
function withoutHead(table: string): string {
  let isQuoted = false
  for (let at = 0; at < table.length; at++) {
    if (table[at] === '"') isQuoted = !isQuoted
    else if (table[at] === '\n' && !isQuoted) return table.slice(at + 1)
  }
  return ''
}

/** Times are of one form in all tables, so that their order is that of their texts. */
function joined(tables: readonly string[], columns: readonly number[]): string {
  if (tables.length === 1) return tables[0]!
  const absent = columns.map((count) => ','.repeat(count))
  const rows = tables.map((table) => table.split('\n'))
  const places = tables.map(() => 0)
  let text = ''
  for (;;) {
    let time = ''
    rows.forEach((of, n) => {
      const own = timeOf(of[places[n]!])
      if (own !== '' && (time === '' || own < time)) time = own
    })
    if (time === '') return text
    text += time
    rows.forEach((of, n) => {
      const row = of[places[n]!]
      const isOfIt = timeOf(row) === time
      text += isOfIt ? row!.slice(time.length) : absent[n]
      if (isOfIt) places[n]!++
    })
    text += '\n'
  }
}

const timeOf = (row = ''): string => row.slice(0, Math.max(0, row.indexOf(',')))
