import { join } from 'node:path'
import { isMissing } from '../runtime/errno.ts'
import type { FolderEntry, JournalFiles } from './journal-files.ts'
import type { MemoryBound } from './memory-bound.ts'
import { parseSegmentName, segmentName } from './paths.ts'
import { Segment } from './segment.ts'
import type { SegmentFolder } from './segment-reader.ts'

export interface ListedSegments {
  /** Oldest first; nothing of them is read yet. */
  readonly segments: Segment[]
  /** Files left of segments that are gone. */
  readonly orphans: readonly string[]
}

/** The segments of a stream, by the names and sizes of their files. */
export async function listSegments({ folder, files }: SegmentFolder, memory: MemoryBound): Promise<ListedSegments> {
  const byNumber = new Map<number, Segment>()
  const orphans: string[] = []
  const found = (await listOrNothing(files, folder)).flatMap(({ name }) => {
    const parsed = parseSegmentName(name)
    return parsed ? [{ ...parsed, path: join(folder, name) }] : []
  })
  // Events may have been written before the frames were: those are in the log still. An index alone is of nothing.
  const kinds = { c37: 0, events: 1, index: 2 }
  for (const { kind, path, number, firstUs } of found.sort((a, b) => kinds[a.kind] - kinds[b.kind])) {
    const { bytes, changedUs } = await files.facts(path)
    let segment = byNumber.get(number)
    if (!segment && kind !== 'index') {
      segment = new Segment(number, firstUs, changedUs, memory)
      segment.sealed = true
      byNumber.set(number, segment)
    }
    if (segment?.name !== segmentName(firstUs, number)) orphans.push(path)
    else if (kind === 'c37') segment.fileBytes = bytes
    else if (kind === 'events') segment.eventsBytes = bytes
    else segment.indexBytes = bytes
  }
  return { segments: [...byNumber.values()].sort((a, b) => a.number - b.number), orphans }
}

async function listOrNothing(files: JournalFiles, folder: string): Promise<FolderEntry[]> {
  try {
    return (await files.list(folder)).filter((entry) => !entry.folder)
  } catch (error) {
    if (!isMissing(error)) throw error
    return []
  }
}
