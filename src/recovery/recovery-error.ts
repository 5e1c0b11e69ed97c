import { CodedError } from '../runtime/coded-error.ts'

/** Why a pull gave nothing. `stream` and `node` are what was asked, of whom. */
export type RecoveryFault = { readonly stream: string; readonly node: string } & (
  | { readonly code: 'RECOVERY_NOT_CONNECTED' }
  /** The connection ended while the answer was awaited: ask again. */
  | { readonly code: 'RECOVERY_CONNECTION_LOST' }
  /** Nothing of the answer came for so long; `parts` had come before. */
  | { readonly code: 'RECOVERY_TIMEOUT'; readonly waitedMs: number; readonly parts: number }
  /** The node said no; `reason` is its word for why. */
  | { readonly code: 'RECOVERY_REFUSED'; readonly reason: string; readonly message: string }
  /** An answer that breaks the contract. */
  | { readonly code: 'RECOVERY_BAD_ANSWER'; readonly problem: string }
)

export class RecoveryError extends CodedError<RecoveryFault> {}
