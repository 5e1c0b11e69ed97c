import { InvalidArgumentError } from 'commander'
import { utcMs } from '../runtime/clock.ts'
import { parseDuration } from './duration.ts'

/** µs since the UNIX epoch: a time in UTC, or how long ago. */
export function parseTime(text: string): number {
  if (/^\d+(\.\d+)? ?(ms|s|m|min|h|d)$/.test(text.trim())) return Math.round((utcMs() - parseDuration(text)) * 1000)
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.(\d{1,6}))?)?))?(Z)?$/.exec(text.trim())
  const ms = match ? Date.parse(`${match[1]}T${(match[2] ?? '00:00').replace(/\.\d+$/, '')}Z`) : Number.NaN
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError('It is a time in UTC, such as 2026-01-31T10:00, or how long ago: 30m, 2h, 7d.')
  }
  return ms * 1000 + Number((match![3] ?? '').padEnd(6, '0'))
}
