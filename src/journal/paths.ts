/**
 * Where things lie in a journal's folder. What is the journal's own has a dot
 * in its name, which no level of a topic can have.
 */
import { join } from 'node:path'

/*
  folder => journal.version journal-{number}.lock commit-{number}.log…
            {area}/{location-type}/{location-id}/{data-type}/{producer-id}/…
  stream => {firstUs}-{number}.c37 {firstUs}-{number}.index {firstUs}-{number}.events …
    firstUs => timestamp of the first frame, µs since the UNIX epoch
    number  => counts the segments of a stream from 1: the order of the journal
*/
export const VERSION_FILE = 'journal.version'

export const logName = (number: number): string => `commit-${String(number).padStart(8, '0')}.log`

export function parseLogName(name: string): number | undefined {
  const match = /^commit-(\d{8,15})\.log$/.exec(name)
  return match ? Number(match[1]) : undefined
}

export const streamFolder = (folder: string, topic: string): string => join(folder, ...topic.split('/'))

export const segmentName = (firstUs: number, number: number): string => `${firstUs}-${number}`

export function parseSegmentName(
  file: string,
): { readonly firstUs: number; readonly number: number; readonly kind: 'c37' | 'index' | 'events' } | undefined {
  const match = /^(\d{1,16})-(\d{1,15})\.(c37|index|events)$/.exec(file)
  return match
    ? { firstUs: Number(match[1]), number: Number(match[2]), kind: match[3] as 'c37' | 'index' | 'events' }
    : undefined
}
