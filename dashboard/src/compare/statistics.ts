/** What is told of a line besides its drawing. Pure. */
export interface LineStatistics {
  /** NaN where there is none. */
  readonly newest: number
  readonly min: number
  readonly max: number
  readonly mean: number
}

type Values = readonly (number | null | undefined)[]

/** Of the values from then until then, in seconds. */
export function statisticsOf(times: readonly number[], values: Values, fromS: number, toS: number): LineStatistics {
  let [newest, min, max, sum, count] = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0]
  for (let at = 0; at < times.length; at++) {
    const value = values[at]
    if (value === null || value === undefined || times[at]! < fromS || times[at]! > toS) continue
    newest = value
    if (value < min) min = value
    if (value > max) max = value
    sum += value
    count++
  }
  if (count === 0) return { newest, min: Number.NaN, max: Number.NaN, mean: Number.NaN }
  return { newest, min, max, mean: sum / count }
}

/** Of angles in degrees: around their mean on the circle, so that ±180° is no edge. NaN where they turn all around. */
export function angleStatisticsOf(
  times: readonly number[],
  values: Values,
  fromS: number,
  toS: number,
): LineStatistics {
  let [cos, sin, count] = [0, 0, 0]
  for (let at = 0; at < times.length; at++) {
    const value = values[at]
    if (value === null || value === undefined || times[at]! < fromS || times[at]! > toS) continue
    cos += Math.cos((value * Math.PI) / 180)
    sin += Math.sin((value * Math.PI) / 180)
    count++
  }
  const middle = (Math.atan2(sin, cos) * 180) / Math.PI
  const apart = values.map((value) => (value === null || value === undefined ? value : within180(value - middle)))
  const { newest, min, max, mean } = statisticsOf(times, apart, fromS, toS)
  if (Math.hypot(cos, sin) < count / 2)
    return { newest: within180(newest + middle), min: Number.NaN, max: Number.NaN, mean: Number.NaN }
  return {
    newest: within180(newest + middle),
    min: within180(min + middle),
    max: within180(max + middle),
    mean: within180(mean + middle),
  }
}

const within180 = (degrees: number): number => degrees - 360 * Math.round(degrees / 360)
