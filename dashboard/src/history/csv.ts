/** What is drawn, as a table: a row for each time, in the units of the API (rad, V, A, Hz), every digit there is. */
import { isoMicrosOf } from './period.ts'
import type { Trace } from './series.ts'

/** Rows of one part: so that a browser is not held up. */
const ROWS = 1000

/** The names of the columns; of several streams, each with its own. */
export function headOf(traces: readonly Trace[]): string {
  const isOneStream = new Set(traces.map(({ channel }) => channel.stream)).size === 1
  const heads = traces.map(({ channel, unit }) =>
    `${isOneStream ? '' : `${channel.stream} `}${channel.id} ${unit}`.trim(),
  )
  return `${['time', ...heads].map(cell).join(',')}\n`
}

/** In parts, the head first: before it a line that says so where it is not every sample. Empty where there is no value. */
export function* csvOf(traces: readonly Trace[]): Iterable<string> {
  yield `${traces.every(({ isRaw }) => isRaw) ? '' : THINNED}${headOf(traces)}`
  const places = traces.map(() => 0)
  let rows: string[] = []
  for (;;) {
    const timeUs = Math.min(...traces.map(({ timesUs }, at) => timesUs[places[at]!] ?? Number.POSITIVE_INFINITY))
    if (!Number.isFinite(timeUs)) break
    const cells = traces.map(({ timesUs, values }, at) => {
      if (timesUs[places[at]!] !== timeUs) return ''
      const value = values[places[at]!++]
      return value === null ? '' : String(value)
    })
    rows.push([isoMicrosOf(timeUs), ...cells].join(','))
    if (rows.length < ROWS) continue
    yield `${rows.join('\n')}\n`
    rows = []
  }
  if (rows.length > 0) yield `${rows.join('\n')}\n`
}

const THINNED = '# not every sample: the least and the greatest of each part of the period\n'

/** Names may have what CSV gives a meaning; a spreadsheet must not take one for a formula. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
