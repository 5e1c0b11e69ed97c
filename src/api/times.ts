import { ApiError } from './api-error.ts'

/** A time in µs since the UNIX epoch: ISO 8601 (`2026-11-29T06:00:00Z`, UTC where it says no zone), or the number itself. */
export function timeUs(text: string, field: string): number {
  if (/^\d{1,16}$/.test(text)) return Number(text)
  const [, seconds, fraction = ''] =
    /^(\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?)?)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? []
  const zone = /(Z|[+-]\d\d:\d\d)$/.exec(seconds === undefined ? '' : text.slice(10))?.[0] ?? 'Z'
  const ms = seconds === undefined ? Number.NaN : Date.parse(seconds.length > 10 ? `${seconds}${zone}` : seconds)
  if (Number.isFinite(ms)) return ms * 1000 + Number(fraction.padEnd(6, '0'))
  const problem = `${field}: \`${text}\` is no time; write 2026-11-29T06:00:00Z, or µs since 1970`
  throw new ApiError({ code: 'API_BAD_REQUEST', problem }, problem)
}
