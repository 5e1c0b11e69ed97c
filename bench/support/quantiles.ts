/** Linear interpolation between order statistics; NaN of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = q * (sorted.length - 1)
  const low = sorted[Math.floor(at)]
  const high = sorted[Math.ceil(at)]
  if (low === undefined || high === undefined) return Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** `median (min–max)`, rounded. */
export function spread(values: readonly number[], digits = 0): string {
  const [m, a, b] = [median(values), Math.min(...values), Math.max(...values)].map((v) => v.toFixed(digits))
  return `${m} (${a}–${b})`
}

/** A figure by its median, with the least and the greatest beside it. */
export const spreadOf = (name: string, values: readonly number[]): Record<string, number> => ({
  [name]: median(values),
  [`${name}_min`]: Math.min(...values),
  [`${name}_max`]: Math.max(...values),
})
