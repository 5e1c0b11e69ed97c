/** Periods as they are looked at. All times are whole microseconds since 1970. */
export interface Period {
  readonly fromUs: number
  readonly toUs: number
}

export const presets = [
  { title: '5 min', us: 300e6 },
  { title: '1 h', us: 3600e6 },
  { title: '6 h', us: 6 * 3600e6 },
  { title: '24 h', us: 24 * 3600e6 },
  { title: '7 d', us: 7 * 86_400e6 },
] as const

/** A few samples of the fastest PMU. */
const LEAST_US = 20_000
/** What the API gives of one request. */
const GREATEST_US = 366 * 86_400e6

export const lengthUs = ({ fromUs, toUs }: Period): number => toUs - fromUs

/** The last `us` before now. */
export const lastOf = (us: number, nowUs: number): Period => ({
  fromUs: Math.round(nowUs - us),
  toUs: Math.round(nowUs),
})

/** Around the same middle: no shorter than 20 ms, no longer than a year, not before 1970. */
export function bounded({ fromUs, toUs }: Period): Period {
  const us = Math.min(GREATEST_US, Math.max(LEAST_US, Math.abs(toUs - fromUs)))
  const from = Math.max(0, Math.round((fromUs + toUs) / 2 - us / 2))
  return { fromUs: from, toUs: Math.round(from + us) }
}

/** `factor` 2: twice as long. */
export function zoomed({ fromUs, toUs }: Period, factor: number, aroundUs = (fromUs + toUs) / 2): Period {
  return bounded({ fromUs: aroundUs - (aroundUs - fromUs) * factor, toUs: aroundUs + (toUs - aroundUs) * factor })
}

/** By so many of its lengths; negative is back. */
export function shifted({ fromUs, toUs }: Period, lengths: number): Period {
  const byUs = (toUs - fromUs) * lengths
  return bounded({ fromUs: fromUs + byUs, toUs: toUs + byUs })
}

/** What is seen of an event: itself, and what was before and after. */
export function around(fromUs: number, untilUs: number | null): Period {
  const endUs = untilUs ?? fromUs
  const beforeUs = Math.max(5e6, (endUs - fromUs) / 4)
  return bounded({ fromUs: fromUs - beforeUs, toUs: endUs + beforeUs })
}

/** `2026-11-29T12:00:01.02Z`: UTC, no more digits than it has. */
export function isoOf(us: number): string {
  const seconds = Math.floor(us / 1e6)
  const fraction = String(us - seconds * 1e6)
    .padStart(6, '0')
    .replace(/0+$/, '')
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`
}

/** The same with all six digits, as tables have it. */
export function isoMicrosOf(us: number): string {
  const seconds = Math.floor(us / 1e6)
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(us - seconds * 1e6).padStart(6, '0')}Z`
}

/** Reads both forms, and plain µs; undefined of what is no time. */
export function usOf(text: string): number | undefined {
  if (/^\d{1,16}$/.test(text)) return Number(text)
  const [, seconds, fraction = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z$/.exec(text) ?? []
  const ms = Date.parse(`${seconds}Z`)
  return Number.isNaN(ms) ? undefined : ms * 1000 + Number(fraction.padEnd(6, '0'))
}

/** What `<input type="datetime-local" step="0.001">` has: in UTC, or as the clocks here. */
export function inputOf(us: number, isUtc: boolean): string {
  const date = new Date(Math.floor(us / 1000))
  if (isUtc) return date.toISOString().slice(0, 23)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 23)
}

/** undefined of what is no time. */
export function usOfInput(text: string, isUtc: boolean): number | undefined {
  const ms = Date.parse(isUtc ? `${text}Z` : text)
  return Number.isNaN(ms) ? undefined : ms * 1000
}

/** `5 min`, `1 h 30 min`, `20 ms`. */
export function durationOf(us: number): string {
  if (us < 1e6) return `${Math.round(us / 1000)} ms`
  const units = [
    ['d', 86_400e6],
    ['h', 3600e6],
    ['min', 60e6],
  ] as const
  const parts: string[] = []
  let rest = us < 60e6 ? us : Math.round(us / 1e6) * 1e6
  for (const [name, size] of units) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) parts.push(`${count} ${name}`)
  }
  if (rest > 0) parts.push(`${Number((rest / 1e6).toFixed(3))} s`)
  return parts.slice(0, 2).join(' ')
}
