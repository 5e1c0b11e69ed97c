import { crc32 } from 'node:zlib'
import { JournalError } from './journal-error.ts'

/** A position in a stream's journal: the segments follow each other by number. */
export interface Position {
  readonly number: number
  /** Bytes into the segment. */
  readonly offset: number
}

/** What a cursor is good for. */
export interface CursorScope {
  readonly journal: string
  readonly stream: string
  readonly fromUs: number
  readonly toUs: number
}

/** Opaque to whoever gets it. It holds across rotation, expiry, and restarts. */
export const encodeCursor = (scope: CursorScope, { number, offset }: Position): string =>
  `${checkOf(scope)}-${number}-${offset}`

export function decodeCursor(scope: CursorScope, cursor: string): Position {
  const match = /^([0-9a-f]{8})-(\d{1,15})-(\d{1,15})$/.exec(cursor)
  if (!match || match[1] !== checkOf(scope)) {
    const shown = cursor.slice(0, 64)
    throw new JournalError({ code: 'JOURNAL_BAD_CURSOR', cursor: shown }, 'the cursor is not of this journal and range')
  }
  return { number: Number(match[2]), offset: Number(match[3]) }
}

const checkOf = ({ journal, stream, fromUs, toUs }: CursorScope): string =>
  crc32(`${journal} ${stream} ${fromUs} ${toUs}`).toString(16).padStart(8, '0')
