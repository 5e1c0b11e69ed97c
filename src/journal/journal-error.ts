import { CodedError } from '../runtime/coded-error.ts'

/** Why a journal cannot be opened, or does not answer. */
export type JournalFault =
  /** Another process keeps this journal. */
  | { readonly code: 'JOURNAL_LOCKED'; readonly folder: string; readonly pid: number }
  /** Written by a version that this one does not know, or no journal at all. */
  | { readonly code: 'JOURNAL_VERSION'; readonly folder: string; readonly found: string; readonly known: number }
  /** The folder is missing, or the system does not let us use it. */
  | { readonly code: 'JOURNAL_UNUSABLE'; readonly folder: string; readonly cause: string }
  /** The disk did not let us read it yet: ask again. */
  | { readonly code: 'JOURNAL_NOT_READY'; readonly folder: string }
  /** Not of this journal, or of another range: ask the range anew without it. */
  | { readonly code: 'JOURNAL_BAD_CURSOR'; readonly cursor: string }
  | { readonly code: 'JOURNAL_BAD_RANGE'; readonly fromUs: number; readonly toUs: number }

export class JournalError extends CodedError<JournalFault> {}
