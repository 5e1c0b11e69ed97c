/** Files that the browser saves of what is seen. */
import { getCsv } from '../api/client.ts'
import { csvOf, headOf } from './csv.ts'
import { everySample } from './every-sample.ts'
import { isoOf, lengthUs, type Period } from './period.ts'
import type { Trace } from './series.ts'

/** A browser is not held up for longer. */
const AT_ONCE_MS = 10
/** Until a browser has surely begun to save it. */
const KEPT_MS = 60_000
/** Of a table: a browser keeps it until it is whole. */
const MOST_BYTES = 512 * 2 ** 20

export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS)
}

/** `south-italy-113_2026-11-29T12-00-00Z.csv`: colons are no part of file names. */
export const fileName = (what: string, { fromUs }: Period, type: string): string =>
  `${what.replaceAll(/[^\w.-]+/g, '_')}_${isoOf(fromUs).replaceAll(':', '-')}.${type}`

/** The values that are drawn; where they are not all, the file says so, by its name and its first line. */
export async function saveDrawn(traces: readonly Trace[], period: Period): Promise<void> {
  const parts: string[] = []
  let sinceMs = performance.now()
  for (const part of csvOf(traces)) {
    parts.push(part)
    if (performance.now() - sinceMs < AT_ONCE_MS) continue
    await new Promise((resolve) => setTimeout(resolve))
    sinceMs = performance.now()
  }
  const what = traces.every(({ isRaw }) => isRaw) ? 'every-sample' : 'least-and-greatest'
  save(new Blob(parts, { type: 'text/csv' }), fileName(`history_${what}`, period, 'csv'))
}

/** Every sample of the channels, of up to 26 hours; at `progress` is told how much of it there is, 0 to 1. */
export async function saveEverySample(
  traces: readonly Trace[],
  period: Period,
  signal: AbortSignal,
  progress: (part: number) => void,
): Promise<void> {
  const streams = [...new Set(traces.map(({ channel }) => channel.stream))]
  const byStream = streams.map((stream) => traces.filter(({ channel }) => channel.stream === stream))
  const asked = byStream.map((of, at) => ({ stream: streams[at]!, channels: of.map(({ channel }) => channel.id) }))
  // As blobs: a browser may put those on its disk.
  const parts = [new Blob([headOf(byStream.flat())])]
  let bytes = 0
  for await (const { rows, toUs } of everySample(asked, period, (of, piece) => getCsv({ ...of, ...piece }, signal))) {
    const part = new Blob([rows])
    bytes += part.size
    if (bytes > MOST_BYTES)
      throw new Error('more than 512 MiB: choose a shorter period or fewer channels, or ask the API itself for CSV')
    parts.push(part)
    progress((toUs - period.fromUs) / lengthUs(period))
  }
  save(new Blob(parts, { type: 'text/csv' }), fileName('history_every-sample', period, 'csv'))
}
