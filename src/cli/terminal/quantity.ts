const prefixes = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
  [1, ''],
  [1e-3, 'm'],
] as const

/** `57.735 kV`: five significant digits, and the prefix that keeps the number below 1000. */
export function formatQuantity(value: number, unit: string): string {
  if (Number.isNaN(value)) return `absent`
  if (value === 0) return `0 ${unit}`
  const size = Math.abs(value)
  const [factor, prefix] = prefixes.find(([limit]) => size >= limit) ?? prefixes.at(-1)!
  return `${significant(value / factor)} ${prefix}${unit}`
}

function significant(value: number): string {
  const digits = Math.max(0, 4 - Math.floor(Math.log10(Math.abs(value) || 1)))
  return value.toFixed(Math.min(digits, 6))
}

/** `-123.46°`, of radians. */
export function formatAngle(radians: number): string {
  return Number.isNaN(radians) ? '' : `${((radians * 180) / Math.PI).toFixed(2)}°`
}

/** `50.0123 Hz` */
export function formatHz(value: number, digits = 4): string {
  return Number.isNaN(value) ? 'absent' : `${value.toFixed(digits)} Hz`
}

/** `12.3 ms`, `1.24 s`, `3.2 h`, `5.1 days`. */
export function formatMs(value: number): string {
  const size = Math.abs(value)
  if (size < 10_000) return `${value.toFixed(size < 100 ? 1 : 0)} ms`
  if (size < 7_200_000) return `${(value / 1000).toFixed(0)} s`
  return size < 172_800_000 ? `${(value / 3_600_000).toFixed(1)} h` : `${(value / 86_400_000).toFixed(0)} days`
}

/** `2026-11-22 12:00:01.020` UTC, of seconds since the UNIX epoch. */
export function formatUtc(seconds: number): string {
  return new Date(Math.round(seconds * 1000)).toISOString().replace('T', ' ').replace('Z', '')
}

/** `1 frame`, `2 frames`. */
export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`
}

/** `12 s`, `3 min`, `1.5 h`, `7 days`. */
export function formatSpan(ms: number): string {
  if (ms < 99_500) return `${Math.ceil(ms / 1000)} s`
  if (ms < 5_970_000) return `${Math.round(ms / 60_000)} min`
  return ms < 172_800_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${(ms / 86_400_000).toFixed(1)} days`
}

/** `512 bytes`, `48.0 kB`, `1.9 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return count(bytes, 'byte')
  const [factor, prefix] = prefixes.find(([limit]) => bytes >= limit)!
  return `${(bytes / factor).toFixed(1)} ${prefix}B`
}
