import { parseIsoTime } from '../runtime/iso-time.ts'
import { ApiError } from './api-error.ts'

/** A time in µs since the UNIX epoch: ISO 8601 (`2026-11-29T06:00:00Z`, UTC where it says no zone), or the number itself. */
export function timeUs(text: string, field: string): number {
  const us = /^\d{1,16}$/.test(text) ? Number(text) : parseIsoTime(text)
  if (us !== undefined && us <= Number.MAX_SAFE_INTEGER) return us
  const problem = `${field}: \`${text}\` is no time; write 2026-11-29T06:00:00Z, or µs since 1970`
  throw new ApiError({ code: 'API_BAD_REQUEST', problem }, problem)
}
