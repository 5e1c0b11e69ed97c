/** Files that the browser saves of what is seen. */
import { csvOf } from './csv.ts'
import { isoOf, type Period } from './period.ts'
import type { Trace } from './series.ts'

/** A browser is not held up for longer. */
const AT_ONCE_MS = 10
/** Until a browser has surely begun to save it. */
const KEPT_MS = 60_000

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

export async function saveCsv(traces: readonly Trace[], period: Period): Promise<void> {
  const parts: string[] = []
  let sinceMs = performance.now()
  for (const part of csvOf(traces)) {
    parts.push(part)
    if (performance.now() - sinceMs < AT_ONCE_MS) continue
    await new Promise((resolve) => setTimeout(resolve))
    sinceMs = performance.now()
  }
  save(new Blob(parts, { type: 'text/csv' }), fileName('history', period, 'csv'))
}
