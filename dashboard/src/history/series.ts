/** What the API gave of channels, as plots draw it: by unit, and with gaps. */
import type { RangeAnswer } from '../../../src/api/answers.ts'
import type { Period } from './period.ts'
import type { ChosenChannel } from './view.ts'

/** One channel over the period, in the units of the API. */
export interface Trace {
  readonly channel: ChosenChannel
  readonly unit: string
  /** Every value; else the least and the greatest of each part. */
  readonly isRaw: boolean
  /** How long such a part is, in µs; 0 of every value. */
  readonly partUs: number
  /** µs since 1970; grow, or stay. */
  readonly timesUs: readonly number[]
  /** null: absent. */
  readonly values: readonly (number | null)[]
  /** Places in `timesUs` before which something is missing. */
  readonly gaps: ReadonlySet<number>
}

/** How a unit is drawn: `factor` from that of the API. */
export interface Quantity {
  readonly unit: string
  readonly title: string
  readonly shown: string
  readonly factor: number
  readonly digits: number
  readonly leastSpan: number
}

const quantities: readonly Omit<Quantity, 'shown' | 'factor'>[] = [
  { unit: 'Hz', title: 'Frequency', digits: 4, leastSpan: 0.01 },
  { unit: 'Hz/s', title: 'ROCOF', digits: 3, leastSpan: 0.1 },
  { unit: 'V', title: 'Voltages', digits: 3, leastSpan: 0 },
  { unit: 'A', title: 'Currents', digits: 3, leastSpan: 0 },
  { unit: 'rad', title: 'Angles', digits: 2, leastSpan: 1 },
  { unit: '', title: 'Other', digits: 3, leastSpan: 0 },
]

/** Values from which a prefix is used. */
const KILO_FROM = 2000

export interface Group {
  readonly quantity: Quantity
  readonly traces: readonly Trace[]
}

/** The answer to one stream's question, with `points` asked for. */
export function tracesOf(
  stream: string,
  { raw, series }: RangeAnswer,
  period: Period,
  points: number,
): readonly Trace[] {
  return series.map(({ channel, unit, times_us, values }) => ({
    channel: { stream, id: channel },
    unit,
    isRaw: raw,
    partUs: raw ? 0 : (period.toUs - period.fromUs) / (points >> 1),
    timesUs: times_us,
    values,
    gaps: raw ? gapsOfAll(times_us) : gapsOfParts(times_us, period, points >> 1),
  }))
}

/** One plot for each unit, in a fixed order. */
export function groupsOf(traces: readonly Trace[]): readonly Group[] {
  const isKnown = (unit: string): boolean => quantities.some((each) => each.unit === unit)
  return quantities
    .map((quantity) => {
      const of = traces.filter(({ unit }) => unit === quantity.unit || (quantity.unit === '' && !isKnown(unit)))
      return { quantity: { ...quantity, ...shownOf(quantity.unit, of) }, traces: of }
    })
    .filter(({ traces: of }) => of.length > 0)
}

function shownOf(unit: string, traces: readonly Trace[]): Pick<Quantity, 'shown' | 'factor'> {
  if (unit === 'rad') return { shown: '°', factor: 180 / Math.PI }
  if (unit !== 'V' && unit !== 'A') return { shown: unit, factor: 1 }
  let greatest = 0
  for (const { values } of traces) for (const value of values) greatest = Math.max(greatest, Math.abs(value ?? 0))
  return greatest >= KILO_FROM ? { shown: `k${unit}`, factor: 1e-3 } : { shown: unit, factor: 1 }
}

/** Of every value: more lies between two than usually does there. */
function gapsOfAll(timesUs: readonly number[]): ReadonlySet<number> {
  const steps = timesUs.slice(1).map((timeUs, at) => timeUs - timesUs[at]!)
  return new Set(steps.flatMap((_, at) => (isGap(steps, at, 0) ? [at + 1] : [])))
}

/** Of least and greatest: a part that has none. Where parts are finer than what is stored, more than is usual there. */
function gapsOfParts(timesUs: readonly number[], { fromUs, toUs }: Period, parts: number): ReadonlySet<number> {
  const partOf = (timeUs: number): number => Math.floor(((timeUs - fromUs) * parts) / (toUs - fromUs))
  const places: number[] = []
  const steps: number[] = []
  for (let at = 1; at < timesUs.length; at++) {
    const step = partOf(timesUs[at]!) - partOf(timesUs[at - 1]!)
    if (step === 0) continue
    steps.push(step)
    places.push(at)
  }
  return new Set(places.filter((_, at) => isGap(steps, at, 1)))
}

/** Steps on each side that say what is usual: a PMU may change its rate. */
const NEAR = 8

/** A step is longer than `shortest`, and than half as much again as is usual on both sides. */
function isGap(steps: readonly number[], at: number, shortest: number): boolean {
  const step = steps[at]!
  if (step <= shortest) return false
  // Nearly all are as the least near them, and need no medians. At an end there is little that could tell what is usual.
  const [from, to] = [Math.max(0, at - NEAR), Math.min(steps.length - 1, at + NEAR)]
  const reach = Math.min(at - from, to - at) < NEAR / 2 ? 1 : NEAR
  let least = Number.POSITIVE_INFINITY
  for (let near = Math.max(from, at - reach); near <= Math.min(to, at + reach); near++)
    if (near !== at) least = Math.min(least, steps[near]!)
  if (step <= 1.5 * least) return false
  const before = median(steps.slice(Math.max(0, at - NEAR), at))
  const after = median(steps.slice(at + 1, at + 1 + NEAR))
  return step > 1.5 * Math.max(before ?? 0, after ?? 0)
}

/** undefined of none. */
const median = (numbers: readonly number[]): number | undefined =>
  numbers.toSorted((one, other) => one - other)[numbers.length >> 1]

/** Times in seconds and values as they are drawn; null where something is missing. */
export function drawnOf(trace: Trace, factor: number): readonly [times: number[], values: (number | null)[]] {
  const times: number[] = []
  const values: (number | null)[] = []
  for (let at = 0; at < trace.timesUs.length; at++) {
    const timeUs = trace.timesUs[at]!
    if (trace.gaps.has(at)) {
      times.push((trace.timesUs[at - 1]! + timeUs) / 2e6)
      values.push(null)
    }
    // A least and a greatest of one time: a plot has one value of each.
    times.push((timeUs + (timeUs === trace.timesUs[at - 1] ? 1 : 0)) / 1e6)
    const value = trace.values[at]!
    values.push(value === null ? null : value * factor)
  }
  return [times, values]
}

/** The sample nearest to a time; undefined where none is nearer than its neighbours usually are. */
export function sampleAt(
  { timesUs, values, gaps }: Trace,
  atUs: number,
): { readonly timeUs: number; readonly value: number | null } | undefined {
  if (timesUs.length === 0) return undefined
  let [low, high] = [0, timesUs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (timesUs[middle]! < atUs) low = middle + 1
    else high = middle
  }
  const isBefore = low === timesUs.length || (low > 0 && atUs - timesUs[low - 1]! <= timesUs[low]! - atUs)
  const at = isBefore ? low - 1 : low
  const usualUs = (timesUs.at(-1)! - timesUs[0]!) / Math.max(1, timesUs.length - 1)
  const isOutside = low === 0 || low === timesUs.length || gaps.has(low)
  if (isOutside && Math.abs(timesUs[at]! - atUs) > 2 * usualUs) return undefined
  return { timeUs: timesUs[at]!, value: values[at]! }
}

/** No later than the first value of any; undefined where there is none. */
export function beginOf(traces: readonly Trace[]): number | undefined {
  const begins = traces.flatMap(({ timesUs, partUs }) => (timesUs.length === 0 ? [] : [timesUs[0]! - partUs]))
  return begins.length === 0 ? undefined : Math.min(...begins)
}

/** All times at which any has a value, each once. */
export function timesOf(traces: readonly Trace[]): readonly number[] {
  if (traces.length === 1) return [...new Set(traces[0]!.timesUs)]
  const all = new Set<number>()
  for (const { timesUs } of traces) for (const timeUs of timesUs) all.add(timeUs)
  return [...Float64Array.from(all).sort()]
}
