import type { Block } from './block.ts'
import type { Epoch } from './epoch.ts'
import type { Segment } from './segment.ts'

/** Segments whose index is kept: those that replays are at. */
const MAX_SEGMENTS = 256

interface Entry {
  blocks?: Promise<readonly Block[]>
  readonly epochs: Map<number, Promise<Epoch | undefined>>
}

/** Indexes and configurations of segments that were read lately, all streams of a journal together. */
export class BlockCache {
  readonly #entries = new Map<Segment, Entry>()

  get(segment: Segment, read: () => Promise<readonly Block[]>): Promise<readonly Block[]> {
    const entry = this.#entry(segment)
    entry.blocks ??= this.#unlessFailed(segment, read())
    return entry.blocks
  }

  epoch(segment: Segment, at: number, read: () => Promise<Epoch | undefined>): Promise<Epoch | undefined> {
    const { epochs } = this.#entry(segment)
    let epoch = epochs.get(at)
    if (!epoch) {
      epoch = this.#unlessFailed(segment, read())
      epochs.set(at, epoch)
    }
    return epoch
  }

  #unlessFailed<T>(segment: Segment, reading: Promise<T>): Promise<T> {
    reading.catch(() => this.#entries.delete(segment))
    return reading
  }

  #entry(segment: Segment): Entry {
    const entry = this.#entries.get(segment) ?? { epochs: new Map() }
    // Again to the end: the oldest goes first.
    this.#entries.delete(segment)
    this.#entries.set(segment, entry)
    const oldest = this.#entries.size > MAX_SEGMENTS ? this.#entries.keys().next().value : undefined
    if (oldest) this.#entries.delete(oldest)
    return entry
  }
}
