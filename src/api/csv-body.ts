import { type Store, storedValues, unitsOf, type ValuesQuery } from '../historian/index.ts'
import { csvRow } from '../runtime/csv.ts'
import { isoTime } from '../runtime/iso-time.ts'

const PART_CHARACTERS = 1 << 16

/** A row for each time; empty where a channel is absent. Throws HistorianError, before anything is given. */
export function csvBody(store: Store, query: ValuesQuery): AsyncIterable<string> {
  const units = unitsOf(store, query.topic, query.channels)
  return rowsOf(store, query, csvRow(['time', ...query.channels.map((id, at) => `${id} ${units[at]}`.trim())]))
}

async function* rowsOf(store: Store, query: ValuesQuery, head: string): AsyncGenerator<string> {
  let part = head
  for await (const { timeUs, values } of storedValues(store, query)) {
    part += isoTime(timeUs)
    for (const value of values) part += value === null ? ',' : `,${value}`
    part += '\n'
    if (part.length < PART_CHARACTERS) continue
    yield part
    part = ''
  }
  yield part
}
