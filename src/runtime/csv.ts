/** A field of CSV (RFC 4180). */
export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

export const csvRow = (fields: readonly string[]): string => `${fields.map(csvField).join(',')}\n`
