import { CodedError } from '../runtime/coded-error.ts'

/** Why a file of what is held cannot be used at all. */
export type HeldFault =
  | { readonly code: 'HELD_NO_HELD_FILE'; readonly path: string }
  | { readonly code: 'HELD_VERSION'; readonly path: string; readonly version: number; readonly known: number }

export class HeldError extends CodedError<HeldFault> {}
