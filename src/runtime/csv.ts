/** A field of CSV (RFC 4180). */
export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

export const csvRow = (fields: readonly string[]): string => `${fields.map(csvField).join(',')}\n`

/** UTC, to the microsecond. */
export function isoTime(us: number): string {
  const seconds = Math.floor(us / 1e6)
  const micros = `${us - seconds * 1e6}`.padStart(6, '0')
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${micros}Z`
}
