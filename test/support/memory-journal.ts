import { FrameType, fractionOf, frameTypeOf, microsecondsOf, socOf } from '../../src/c37118/index.ts'
import type { ReplayPage, ReplaySource } from '../../src/journal/index.ts'
import { CodedError } from '../../src/runtime/coded-error.ts'
import type { AbsentRange, ReplayQuery } from '../../src/streams/index.ts'

class CursorError extends CodedError<{ readonly code: 'JOURNAL_BAD_CURSOR' }> {}

interface Entry {
  readonly frame: Uint8Array
  readonly isData: boolean
  /** In force for this one. */
  readonly configuration: Uint8Array
}

/** A journal in memory: what it was given, in that order, and what it was told to say of the rest. */
export class MemoryJournal implements ReplaySource {
  readonly #entries = new Map<string, Entry[]>()
  readonly #timeBase: number
  /** Said of every range that is complete. */
  absent: readonly AbsentRange[] = []
  /** Every query, as it came. */
  readonly queries: ReplayQuery[] = []
  /** Awaited before each answer. */
  before: () => Promise<void> = () => Promise.resolve()

  constructor(timeBase = 1_000_000) {
    this.#timeBase = timeBase
  }

  /** Configuration frames and data frames of its TIME_BASE, as received. */
  add(topic: string, ...frames: readonly Uint8Array[]): void {
    const entries = this.#entries.get(topic) ?? []
    this.#entries.set(topic, entries)
    for (const frame of frames) {
      const isData = frameTypeOf(frame) === FrameType.data
      entries.push({ frame, isData, configuration: isData ? entries.at(-1)!.configuration : frame })
    }
  }

  reader(topic: string): { read(query: ReplayQuery): Promise<ReplayPage> } | undefined {
    const entries = this.#entries.get(topic)
    return entries && { read: (query) => this.#read(entries, query) }
  }

  async #read(entries: readonly Entry[], query: ReplayQuery): Promise<ReplayPage> {
    this.queries.push(query)
    await this.before()
    const { fromUs, toUs, maxBytes, cursor = 'entry:0' } = query
    const first = Number(/^entry:(\d+)$/.exec(cursor)?.[1] ?? Number.NaN)
    if (!(first <= entries.length)) throw new CursorError({ code: 'JOURNAL_BAD_CURSOR' }, cursor)
    const frames: Uint8Array[] = []
    let bytes = 0
    let said: Uint8Array | undefined
    for (const [at, { frame, isData, configuration }] of entries.entries()) {
      if (at < first || !isData || !isWithin(usOf(frame, this.#timeBase), fromUs, toUs)) continue
      const both = said === configuration ? [frame] : [configuration, frame]
      const size = both.reduce((sum, { length }) => sum + length, 0)
      if (frames.length > 0 && bytes + size > maxBytes) {
        return { frames, cursor: `entry:${at}`, throughUs: fromUs, absent: [] }
      }
      frames.push(...both)
      bytes += size
      said = configuration
    }
    return { frames, cursor: undefined, throughUs: toUs, absent: this.absent }
  }
}

const isWithin = (timeUs: number, fromUs: number, toUs: number): boolean => timeUs >= fromUs && timeUs < toUs

const usOf = (frame: Uint8Array, timeBase: number): number =>
  microsecondsOf({ soc: socOf(frame), fraction: fractionOf(frame) }, timeBase)

/** Of a frame with a microsecond TIME_BASE. */
export const timeUsOf = (frame: Uint8Array): number => usOf(frame, 1_000_000)
