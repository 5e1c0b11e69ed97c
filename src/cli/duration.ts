import { InvalidArgumentError } from 'commander'

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** What a timer of Node can wait. */
const LONGEST_MS = 2 ** 31 - 1

/** In milliseconds, however long; a number alone is seconds; undefined: it is none. */
export function spanMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?(ms|s|m|min|h|d)?$/.exec(text.trim())
  return match ? Number(match[1]) * units[match[2] ?? 's']! : undefined
}

/** `500ms`, `10s`, `2m`, `1.5h`; a number alone is seconds. In milliseconds. */
export function parseDuration(text: string): number {
  const duration = spanMs(text) ?? 0
  if (duration <= 0 || duration > LONGEST_MS)
    throw new InvalidArgumentError('It is a time of at most 24 days, such as 500ms, 10s, 2m or 1h.')
  return duration
}
