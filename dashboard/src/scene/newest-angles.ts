/** Angles of phasors at one moment, as tables and arrows have them. Pure. */
import { wrapped } from '../parts/format.ts'
import type { MeasurementBuffer } from './measurement-buffer.ts'

/** A reference may come so much later than what is told against it; of longer ago, a difference is no news. */
const LOOK_BACK_S = 1

/**
 * In radians, within ±180°; NaN where absent. Against a reference: of the newest moment of the last second at which
 * both are known, for an angle of another moment is wrong by all that the grid has turned since.
 */
export function newestAngles(
  buffer: MeasurementBuffer,
  channels: readonly string[],
  against: { readonly buffer: MeasurementBuffer | undefined; readonly channel: string } | undefined,
): readonly number[] {
  if (!against) return channels.map((channel) => wrapped(buffer.value(channel)))
  const { times, values } = buffer.series(channels, (buffer.timeS ?? 0) - LOOK_BACK_S)
  for (let at = times.length - 1; at >= 0; at--) {
    if (values.every((row) => row[at] === null)) continue
    const turn = against.buffer?.valueAt(against.channel, times[at]!) ?? Number.NaN
    if (!Number.isNaN(turn)) return values.map((row) => wrapped((row[at] ?? Number.NaN) - turn))
  }
  return channels.map(() => Number.NaN)
}
