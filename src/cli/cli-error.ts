import { CodedError } from '../runtime/coded-error.ts'

/** Why a verb gives up in the face of its user. `hint` is what to do about it, one line. */
export type CliFault =
  | { readonly code: 'CLI_USAGE'; readonly hint?: string }
  | { readonly code: 'CLI_FAILED'; readonly hint?: string }
  | { readonly code: 'CLI_DATA_LOST'; readonly hint?: string }

/** An end that was foreseen: shown as one line and a hint, never with a stack. */
export class CliError extends CodedError<CliFault> {}

/** The user asked for something that cannot be (exit code 2). */
export function usageError(message: string, hint?: string): CliError {
  return new CliError({ code: 'CLI_USAGE', ...(hint !== undefined && { hint }) }, message)
}

/** It could be, but did not come about (exit code 1). */
export function failure(message: string, hint?: string, options?: ErrorOptions): CliError {
  return new CliError({ code: 'CLI_FAILED', ...(hint !== undefined && { hint }) }, message, options)
}
