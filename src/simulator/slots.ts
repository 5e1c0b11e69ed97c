/** An instant of each second at which some PMUs report. */
export interface Slot {
  /** Seconds after the whole second, 0 to below 1. */
  readonly fraction: number
  /** The rates that have a frame at this instant. */
  readonly rates: readonly number[]
}

/**
 * The instants of one second, in order: k/rate for every rate, each instant
 * once however many rates meet in it. A second is the whole period, since a
 * rate is a whole number of frames per second that begins at the second
 * (C37.118.1, reporting times). k/rate is correctly rounded, so equal instants
 * of different rates are equal numbers.
 */
export function slotsOfSecond(rates: Iterable<number>): readonly Slot[] {
  const byFraction = new Map<number, number[]>()
  for (const rate of new Set(rates)) {
    for (let k = 0; k < rate; k++) {
      const fraction = k / rate
      const meeting = byFraction.get(fraction)
      if (meeting) meeting.push(rate)
      else byFraction.set(fraction, [rate])
    }
  }
  return [...byFraction]
    .toSorted(([a], [b]) => a - b)
    .map(([fraction, meeting]) => ({ fraction, rates: meeting.toSorted((a, b) => a - b) }))
}
