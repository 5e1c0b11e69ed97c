import { join } from 'node:path'
import type { JournalConfig } from '../config/journal.ts'
import { errnoOf, isMissing } from '../runtime/errno.ts'
import type { JournalFiles } from './journal-files.ts'
import type { Segment } from './segment.ts'
import type { StreamStore } from './stream-store.ts'

/** What a small file takes. */
const DISK_BLOCK = 4096
const DAY_US = 86_400_000_000

/** What a segment takes of the disk: its three files. */
const sizeOf = ({ fileBytes, eventsBytes, indexBytes }: Segment): number =>
  [fileBytes, eventsBytes, indexBytes].reduce((sum, bytes) => sum + Math.ceil(bytes / DISK_BLOCK) * DISK_BLOCK, 0)

export interface Bounds extends Pick<JournalConfig, 'maxBytes' | 'maxAgeDays'> {
  /** What logs take of the bytes. */
  readonly logBytes: number
  /** The disk is full before the bound of bytes is: so much is to go below what there is. */
  readonly wantedBytes: number
}

/**
 * Lets go of what is beyond the bounds of bytes and of age: the segment that
 * nothing came to for the longest goes first, of whatever stream. An open one stays.
 */
export async function expire(
  stores: readonly StreamStore[],
  { maxBytes, maxAgeDays, logBytes, wantedBytes }: Bounds,
  files: JournalFiles,
  nowUs: number,
): Promise<{ readonly diskBytes: number; readonly expired: number }> {
  let diskBytes = logBytes
  const closed: { readonly store: StreamStore; readonly segment: Segment }[] = []
  for (const store of stores) {
    for (const segment of store.segments) {
      diskBytes += sizeOf(segment)
      if (segment.sealed && segment.parts.length === 0) closed.push({ store, segment })
    }
  }
  const mostBytes = Math.min(maxBytes, diskBytes - wantedBytes)
  const oldestUs = nowUs - maxAgeDays * DAY_US
  let expired = 0
  for (const { store, segment } of closed.sort((a, b) => a.segment.changedUs - b.segment.changedUs)) {
    if (diskBytes <= mostBytes && segment.changedUs >= oldestUs) break
    diskBytes -= sizeOf(segment)
    expired++
    await remove(files, store, segment)
    if (store.segments.length === 0) await removeEmpty(files, store.folder)
  }
  return { diskBytes, expired }
}

/** The frames first: what is left of the others without them is known to be nothing. */
async function remove(files: JournalFiles, store: StreamStore, segment: Segment): Promise<void> {
  const path = join(store.folder, segment.name)
  // Nobody is to read it while it goes.
  store.forget(segment)
  try {
    await unlink(files, `${path}.c37`)
  } catch (error) {
    store.takeBack(segment)
    throw error
  }
  for (const kind of ['index', 'events']) await unlink(files, `${path}.${kind}`)
}

async function unlink(files: JournalFiles, path: string): Promise<void> {
  try {
    await files.unlink(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** Of a stream that nobody has any more. */
async function removeEmpty(files: JournalFiles, folder: string): Promise<void> {
  try {
    await files.removeFolder(folder)
  } catch (error) {
    if (!isMissing(error) && errnoOf(error) !== 'ENOTEMPTY') throw error
  }
}
