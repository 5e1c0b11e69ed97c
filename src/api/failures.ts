import { HistorianError } from '../historian/index.ts'
import { ApiError } from './api-error.ts'

/** What is answered when something failed: a code that programs know, and what to do. */
export function answerOf(error: unknown): {
  readonly status: number
  readonly body: { error: string; message: string }
} {
  if (error instanceof ApiError) {
    return { status: error.code === 'API_BUSY' ? 503 : 400, body: { error: error.code, message: error.sentence } }
  }
  if (error instanceof HistorianError) {
    const isUnknown = error.code === 'HISTORIAN_UNKNOWN_STREAM' || error.code === 'HISTORIAN_UNKNOWN_CHANNEL'
    return { status: isUnknown ? 404 : 500, body: { error: error.code, message: error.sentence } }
  }
  // Of the schema, or of HTTP.
  const { statusCode, message } = error as { readonly statusCode?: number; readonly message?: string }
  if (statusCode !== undefined && statusCode < 500) {
    return { status: statusCode, body: { error: 'API_BAD_REQUEST', message: message ?? '' } }
  }
  return { status: 500, body: { error: 'API_FAILED', message: 'the request failed; the log says why' } }
}
