const PATTERN = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:\d\d)?$/

/** µs since the UNIX epoch of a time in ISO 8601, to the microsecond, UTC where it says no zone; undefined: it is none. */
export function parseIsoTime(text: string): number | undefined {
  const [, date, clock = '00:00', fraction = '', zone = 'Z'] = PATTERN.exec(text) ?? []
  const ms = date === undefined ? Number.NaN : Date.parse(`${date}T${clock}${zone}`)
  return Number.isNaN(ms) ? undefined : ms * 1000 + Number(fraction.padEnd(6, '0'))
}

/** UTC, to the microsecond. */
export function isoTime(us: number): string {
  const seconds = Math.floor(us / 1e6)
  const micros = `${us - seconds * 1e6}`.padStart(6, '0')
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${micros}Z`
}
