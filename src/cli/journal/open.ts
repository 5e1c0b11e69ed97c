import { findJournals, type InspectedJournal, inspectJournal } from '../../journal/index.ts'
import { failure } from '../cli-error.ts'

/** All journals in a folder; fails where there is none. */
export async function openJournals(folder: string, only?: (topic: string) => boolean): Promise<InspectedJournal[]> {
  const found = await findJournals(folder)
  if (found.length === 0) {
    throw failure(
      `${folder} has no journal`,
      'give the state folder of a grid: phasorbus-state beside the grid file, or what its `state:` says',
    )
  }
  return await Promise.all(found.map((path) => inspectJournal(path, only)))
}

/** `2026-01-02 10:00:00.020` of µs since the UNIX epoch. */
export const utcText = (us: number): string => isoOf(us).replace('T', ' ').replace('Z', '')

/** ISO 8601 with the milliseconds; with microseconds where there are some. */
export function isoOf(us: number): string {
  const iso = new Date(Math.floor(us / 1000)).toISOString()
  const rest = Math.floor(us) % 1000
  return rest === 0 ? iso : iso.replace('Z', `${String(rest).padStart(3, '0')}Z`)
}
