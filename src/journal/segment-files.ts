import { join } from 'node:path'
import { encodeBlocks } from './block.ts'
import { type JournalFiles, syncFolder, writeAll } from './journal-files.ts'
import { streamFolder } from './paths.ts'
import type { Part, Segment } from './segment.ts'

/** Writes the parts of one stream's segments to their files. */
export class SegmentFiles {
  /** Of the stream. */
  readonly folder: string
  readonly #root: string
  readonly #levels: number
  readonly #files: JournalFiles
  /** It was made, and those above it do not know on disk. */
  #isNew = false

  constructor(root: string, topic: string, files: JournalFiles) {
    this.folder = streamFolder(root, topic)
    this.#root = root
    this.#levels = topic.split('/').length
    this.#files = files
  }

  /** Appends and syncs; what was begun before and failed is written over. Rejects with the system's error. */
  async write(segment: Segment, part: Part): Promise<void> {
    const path = join(this.folder, segment.name)
    const isNew = segment.fileBytes === 0 && segment.eventsBytes === 0
    if (isNew && (await this.#files.makeFolder(this.folder))) this.#isNew = true
    if (part.lines.length > 0) await this.#put(`${path}.events`, Buffer.concat(part.lines), segment.eventsBytes, true)
    if (part.length > 0) await this.#put(`${path}.c37`, part.bytes.subarray(0, part.length), part.offset, true)
    if (part.blocks.length > 0) {
      // Not worth a sync: without it the frames tell.
      const entries = encodeBlocks(part.blocks)
      await this.#put(`${path}.index`, entries, segment.indexBytes, false)
      segment.indexBytes += entries.length
    }
    if (isNew) await this.#syncNames()
  }

  async #put(path: string, bytes: Uint8Array, position: number, sync: boolean): Promise<void> {
    const fd = await this.#files.open(path, true)
    try {
      await writeAll(this.#files, fd, bytes, position)
      if (sync) await this.#files.sync(fd)
    } finally {
      await this.#files.close(fd)
    }
  }

  /** The names of new files are on disk when their folder is; that of a new folder when all above it are. */
  async #syncNames(): Promise<void> {
    await syncFolder(this.#files, this.folder)
    for (let up = 1; this.#isNew && up <= this.#levels; up++) {
      const above = join(this.folder, ...Array<string>(up).fill('..'))
      await syncFolder(this.#files, up === this.#levels ? this.#root : above)
    }
    this.#isNew = false
  }
}
