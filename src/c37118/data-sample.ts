import type { DataColumns } from './data-columns.ts'
import type { DataLayout, PmuPlaces } from './data-layout.ts'
import type { FrameTime, FrameVersion } from './frame.ts'
import { FrameError } from './frame-error.ts'
import { normalise } from './phasor-codecs.ts'

/** One data frame as plain objects. Values marked absent are NaN. */
export interface DataSample extends FrameTime {
  readonly version: FrameVersion
  readonly idcode: number
  readonly timeQuality: number
  readonly pmus: readonly PmuSample[]
  /** See {@link DataColumns.raw}. An encoder uses it for all that was not changed since. */
  readonly raw: Uint32Array
}

export interface PmuSample {
  readonly stn: string
  readonly idcode: number
  /** See {@link describeStat}. */
  readonly stat: number
  readonly phasors: readonly Phasor[]
  /** Hz. */
  readonly freq: number
  /** Hz/s. */
  readonly dfreq: number
  readonly analogs: readonly number[]
  readonly digitals: readonly number[]
}

/** V or A. */
export interface Phasor {
  readonly name: string
  readonly re: number
  readonly im: number
  readonly magnitude: number
  /** Radians, within ±π. */
  readonly angle: number
}

/** What an encoder needs of a sample. A phasor needs one pair of coordinates; if both are there, the changed one counts. */
export interface SampleInput extends FrameTime {
  readonly version?: FrameVersion
  readonly idcode?: number
  readonly timeQuality?: number
  readonly pmus: readonly PmuInput[]
  readonly raw?: Uint32Array
}

export interface PmuInput {
  readonly stat: number
  readonly phasors: readonly (RectangularInput | PolarInput)[]
  readonly freq: number
  readonly dfreq: number
  readonly analogs?: readonly number[]
  readonly digitals?: readonly number[]
}

export interface RectangularInput {
  readonly re: number
  readonly im: number
}

export interface PolarInput {
  readonly magnitude: number
  readonly angle: number
}

/** Plain objects of what is in `columns`; shares nothing with them. */
export function sampleOf(columns: DataColumns, layout: DataLayout): DataSample {
  const { version, idcode, soc, fraction, timeQuality, raw } = columns
  const pmus = layout.pmus.map((places) => pmuSampleOf(columns, places))
  return { version, idcode, soc, fraction, timeQuality, pmus, raw: raw.slice() }
}

function pmuSampleOf(columns: DataColumns, places: PmuPlaces): PmuSample {
  const { pmu, index, phasor, analog, digital } = places
  return {
    stn: pmu.stn,
    idcode: pmu.idcode,
    stat: columns.stat[index]!,
    phasors: pmu.phasors.map(({ name }, at) => ({ name, ...phasorOf(columns, 2 * (phasor + at), pmu.format.polar) })),
    freq: columns.freq[index]!,
    dfreq: columns.dfreq[index]!,
    analogs: Array.from(columns.analogs.subarray(analog, analog + pmu.analogs.length)),
    digitals: Array.from(columns.digitals.subarray(digital, digital + pmu.digitals.length)),
  }
}

function phasorOf({ phasors }: DataColumns, at: number, polar: boolean): RectangularInput & PolarInput {
  const [first, second] = [phasors[at]!, phasors[at + 1]!]
  if (!polar) {
    return { re: first, im: second, magnitude: Math.hypot(first, second), angle: Math.atan2(second, first) }
  }
  const angle = normalise(second)
  return { re: first * Math.cos(angle), im: first * Math.sin(angle), magnitude: first, angle }
}

/** Puts a sample into columns whose physical values are those of `sample.raw`, if it has any. */
export function fillColumns(columns: DataColumns, sample: SampleInput, layout: DataLayout): void {
  expectCount('pmus', sample.pmus.length, layout.pmus.length)
  for (const places of layout.pmus) fillPmu(columns, sample.pmus[places.index]!, places)
}

function fillPmu(columns: DataColumns, sample: PmuInput, places: PmuPlaces): void {
  const { pmu, index } = places
  const { analogs = [], digitals = [] } = sample
  expectCount('phasors', sample.phasors.length, pmu.phasors.length)
  expectCount('analogs', analogs.length, pmu.analogs.length)
  expectCount('digitals', digitals.length, pmu.digitals.length)
  columns.stat[index] = sample.stat
  sample.phasors.forEach((value, at) => {
    fillPhasor(columns, 2 * (places.phasor + at), pmu.format.polar, value)
  })
  columns.freq[index] = sample.freq
  columns.dfreq[index] = sample.dfreq
  columns.analogs.set(analogs, places.analog)
  columns.digitals.set(digitals, places.digital)
}

function fillPhasor(
  columns: DataColumns,
  at: number,
  polar: boolean,
  value: Partial<RectangularInput & PolarInput>,
): void {
  const before = phasorOf(columns, at, polar)
  const same = (name: keyof typeof before): boolean => value[name] === undefined || Object.is(value[name], before[name])
  const sameRectangular = same('re') && same('im')
  const samePolar = same('magnitude') && same('angle')
  const hasPolar = value.magnitude !== undefined && value.angle !== undefined
  const hasRectangular = value.re !== undefined && value.im !== undefined
  if (sameRectangular && samePolar) return

  const usePolar = hasPolar && (!hasRectangular || sameRectangular || (polar && !samePolar))
  const { phasors } = columns
  if (usePolar) {
    const { magnitude = 0, angle = 0 } = value
    phasors[at] = polar ? magnitude : magnitude * Math.cos(angle)
    phasors[at + 1] = polar ? angle : magnitude * Math.sin(angle)
  } else {
    const { re = 0, im = 0 } = value
    phasors[at] = polar ? Math.hypot(re, im) : re
    phasors[at + 1] = polar ? Math.atan2(im, re) : im
  }
}

function expectCount(field: string, count: number, expected: number): void {
  if (count !== expected) throw mismatch(field, count, expected)
}

/** The error for data that are not of the configuration they are used with. */
export function mismatch(field: string, count: number, expected: number): FrameError {
  return new FrameError(
    { code: 'DATA_SHAPE_MISMATCH', field, count, expected },
    `${count} ${field} where the configuration has ${expected}`,
  )
}
