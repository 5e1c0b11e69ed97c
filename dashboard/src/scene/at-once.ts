/** Angles of several streams at one instant: off nominal frequency they turn, so those of two times tell nothing. Pure. */
import type { MeasurementBuffer } from './measurement-buffer.ts'
import { SAME_S } from './series.ts'

export interface AngleSource {
  readonly buffer: MeasurementBuffer
  readonly channel: string
}

/** Whose newest frame is further from the others', and a reporting period, is not waited for; its clock may be wrong, too. */
const NEAR_S = 1
/** Where all rates have a timestamp in common, it is within a second; that frame may be missing. */
const BACK_S = 2
/** Instants that are tried. */
const MOST_TRIED = 8

/** Each angle, in radians, at the newest instant that all have, or most; NaN where one has none then. */
export function anglesAtOnce(sources: readonly AngleSource[]): readonly number[] {
  const near = new Set(nearOf(sources))
  const atS = instantOf([...near])
  return sources.map((source) =>
    atS !== undefined && near.has(source) ? source.buffer.valueAt(source.channel, atS) : Number.NaN,
  )
}

/** Those that send less than once a second take no part where others do: all would be as old as they are. */
function nearOf(sources: readonly AngleSource[]): readonly AngleSource[] {
  const times = sources.flatMap(({ buffer }) => buffer.timeS ?? []).sort((one, other) => one - other)
  const middleS = times[Math.floor(times.length / 2)] ?? Number.NaN
  const leastRate = Math.min(1, Math.max(...sources.map(({ buffer }) => buffer.rate)))
  return sources.filter(({ buffer: { timeS = Number.NaN, rate } }) => {
    return rate > 0 && rate >= leastRate && Math.abs(timeS - middleS) < NEAR_S + 1 / rate
  })
}

function instantOf(sources: readonly AngleSource[]): number | undefined {
  let [best, most]: [number | undefined, number] = [undefined, 0]
  for (const atS of commonTimes(sources.map(({ buffer }) => buffer))) {
    const held = sources.filter(({ buffer, channel }) => !Number.isNaN(buffer.valueAt(channel, atS))).length
    if (held > most) [best, most] = [atS, held]
    if (most === sources.length) break
  }
  return best
}

/** Frames of the slowest at which, by their rates, all have one; none that is still to come, newest first. */
function commonTimes(buffers: readonly MeasurementBuffer[]): readonly number[] {
  if (buffers.length === 0) return []
  const slowest = buffers.reduce((one, other) => (other.rate < one.rate ? other : one))
  const { rate } = slowest
  const rates = [...new Set(buffers.map((buffer) => buffer.rate))]
  const untilS = Math.min(...buffers.map(({ timeS }) => timeS!)) + SAME_S
  return slowest
    .series([], untilS - Math.max(BACK_S, 1 / rate))
    .times.filter(
      (timeS) => timeS <= untilS && rates.every((other) => isWhole((Math.round(timeS * rate) * other) / rate)),
    )
    .slice(-MOST_TRIED)
    .reverse()
}

const isWhole = (number: number): boolean => Math.abs(number - Math.round(number)) < 0.01
