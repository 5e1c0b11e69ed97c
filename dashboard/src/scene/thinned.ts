/** Fewer values of a series that look the same: what a plot can draw in time. Pure. */
import type { Series } from './series.ts'

type Value = number | null | undefined

/**
 * The least and the greatest of each part of time, in the order they came, two columns a part; as it is where there
 * are no more than `most` values. A part with a gap shows one.
 */
export function thinned(series: Series, most: number): Series {
  const { times, values } = series
  if (times.length * values.length <= most) return series
  const parts = Math.max(2, Math.floor(most / values.length / 2))
  const partS = steady((times.at(-1)! - times[0]!) / parts)
  const thin = { times: [] as number[], values: values.map((): Value[] => []) }
  for (let from = 0, to = 0; from < times.length; from = to) {
    const part = Math.floor(times[from]! / partS)
    while (to < times.length && Math.floor(times[to]! / partS) <= part) to++
    thin.times.push((part + 0.25) * partS, (part + 0.75) * partS)
    for (let row = 0; row < values.length; row++) thin.values[row]!.push(...extremes(values[row]!, from, to))
  }
  return thin
}

/** Parts lie where they lie, whatever is seen of them, so that nothing flickers as time goes on. */
const steady = (seconds: number): number => 2 ** (Math.ceil(4 * Math.log2(seconds)) / 4)

function extremes(values: readonly Value[], from: number, to: number): readonly [Value, Value] {
  let [least, greatest, isGap] = [-1, -1, false]
  for (let at = from; at < to; at++) {
    const value = values[at]
    if (value === null) isGap = true
    if (value === null || value === undefined) continue
    if (least < 0 || value < values[least]!) least = at
    if (greatest < 0 || value > values[greatest]!) greatest = at
  }
  if (least < 0) return isGap ? [null, null] : [undefined, undefined]
  if (isGap) return [null, values[Math.max(least, greatest)]]
  return [values[Math.min(least, greatest)], values[Math.max(least, greatest)]]
}
