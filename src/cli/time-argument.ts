import { InvalidArgumentError } from 'commander'
import { utcMs } from '../runtime/clock.ts'
import { parseIsoTime } from '../runtime/iso-time.ts'
import { spanMs } from './duration.ts'

/** µs since the UNIX epoch: a time in UTC, or how long ago. */
export function parseTime(text: string): number {
  const agoMs = /[a-z]$/.test(text.trim()) ? spanMs(text) : undefined
  if (agoMs !== undefined) return Math.round((utcMs() - agoMs) * 1000)
  const us = parseIsoTime(text.trim())
  if (us !== undefined) return us
  throw new InvalidArgumentError('It is a time in UTC, such as 2026-01-31T10:00, or how long ago: 30m, 2h, 7d.')
}
