import { CodedError } from '../runtime/coded-error.ts'

/** Why a historian cannot be opened, or does not answer. */
export type HistorianFault =
  /** DuckDB is an optional dependency, and is not installed. */
  | { readonly code: 'HISTORIAN_NO_DUCKDB'; readonly cause: string }
  /** Another process has the store, or the system does not let us use it. */
  | { readonly code: 'HISTORIAN_UNUSABLE'; readonly folder: string; readonly cause: string }
  /** Written by a version that this one does not know. */
  | { readonly code: 'HISTORIAN_VERSION'; readonly folder: string; readonly found: number; readonly known: number }
  /** Another statement ran on the connection while an answer was read from it: DuckDB ends the answer there. */
  | { readonly code: 'HISTORIAN_ANSWER_CUT'; readonly sql: string }
  /** It ends, and so does what was being read. */
  | { readonly code: 'HISTORIAN_CLOSED' }
  /** Nothing was ever stored of this stream. */
  | { readonly code: 'HISTORIAN_UNKNOWN_STREAM'; readonly stream: string }
  /** The stream has no such channel in that time. */
  | { readonly code: 'HISTORIAN_UNKNOWN_CHANNEL'; readonly stream: string; readonly channel: string }

export class HistorianError extends CodedError<HistorianFault> {}
