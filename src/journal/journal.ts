/** The journal as its producers and readers see it. */

import type { Running } from '../runtime/service.ts'
import type { AbsentRange } from '../streams/index.ts'
import type { JournalSpan, StreamJournal } from './stream-journal.ts'

export interface Journal extends Running {
  /** Where a producer writes: the same object for the same topic. */
  stream(topic: string): StreamJournal
  /** What is kept of a stream, of earlier runs too; undefined for one that was never kept. */
  reader(topic: string): JournalReader | undefined
  readonly topics: readonly string[]
  /** A frame is with the system before `data` returns (a write delay of 0). */
  readonly writesAtOnce: boolean
  /** The disk takes nothing: frames are in memory alone, or lost. */
  readonly failing: boolean
}

export interface JournalReader {
  /** One page. Rejects with JOURNAL_BAD_CURSOR or JOURNAL_BAD_RANGE, or with the system's error. */
  read(query: JournalQuery): Promise<JournalPage>
  readonly span: JournalSpan | undefined
}

/** Frames of [fromUs, toUs) by their own timestamps, µs since the UNIX epoch. */
export interface JournalQuery {
  readonly fromUs: number
  readonly toUs: number
  /** At least one data frame is given, however large. */
  readonly maxBytes: number
  /** Of the page before, of the same range. */
  readonly cursor?: string
}

export interface JournalPage {
  /** In the order of the journal, each epoch's configuration before its first frame. Copies. */
  readonly frames: readonly Uint8Array[]
  /** Where the next page begins; undefined: there is none. */
  readonly cursor: string | undefined
  /** With the last page: up to here all is known that ever will be. */
  readonly throughUs: number
  /** With the last page: what holds for each instant before `throughUs` that no page has a frame of. */
  readonly absent: readonly AbsentRange[]
}
