import { CodedError } from '../runtime/coded-error.ts'

/** Why a request is not answered, or the API cannot be started. */
export type ApiFault =
  | { readonly code: 'API_BUSY' }
  | { readonly code: 'API_BAD_REQUEST'; readonly problem: string }
  | { readonly code: 'API_LISTEN_FAILED'; readonly address: string; readonly cause: string }

export class ApiError extends CodedError<ApiFault> {}
