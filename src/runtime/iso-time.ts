const PATTERN = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:\d\d)?$/

/** µs since the UNIX epoch of a time in ISO 8601, to the microsecond, UTC where it says no zone; undefined: it is none. */
export function parseIsoTime(text: string): number | undefined {
  const [, date, clock = '00:00', fraction = '', zone = 'Z'] = PATTERN.exec(text) ?? []
  const ms = date === undefined || !isDay(date) ? Number.NaN : Date.parse(`${date}T${clock}${zone}`)
  return Number.isNaN(ms) ? undefined : ms * 1000 + Number(fraction.padEnd(6, '0'))
}

/** Whether `2026-02-31` is a day: where it is none, `Date` takes one of the next month for it. */
export function isDay(date: string): boolean {
  const ms = Date.parse(`${date}T00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date)
}

/** UTC, to the microsecond. */
export function isoTime(us: number): string {
  const seconds = Math.floor(us / 1e6)
  const micros = `${us - seconds * 1e6}`.padStart(6, '0')
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${micros}Z`
}
