import { CodedError } from '../../runtime/coded-error.ts'

/** Why a capture cannot be replayed. */
export type ReplayFault =
  | { readonly code: 'REPLAY_TOO_LARGE'; readonly bytes: number; readonly max: number }
  | { readonly code: 'REPLAY_NOTHING_TO_PLAY'; readonly unplayable: number }
  | { readonly code: 'REPLAY_BAD_SETTINGS'; readonly problems: readonly string[] }

export class ReplayError extends CodedError<ReplayFault> {}
