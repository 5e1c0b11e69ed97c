/**
 * How an output writes a PMU's block (IEEE C37.247 clause 4.4 and 4.6): which
 * channels, in which numbers, adjusted by how much.
 */
import type { AnalogChannel, Format, NumberFormat, PhasorChannel, PmuConfiguration } from '../c37118/index.ts'

/** Of channels: by name (CHNAM). */
export interface Adjustment {
  readonly channel: string
  /** The magnitude is multiplied by it. */
  readonly factor?: number
  /** Radians, added to the angle. */
  readonly angle?: number
}

export interface BlockFormat {
  /** Coordinates of phasors; without it as they come. */
  readonly coordinates?: 'polar' | 'rectangular'
  /** Of phasors, FREQ, DFREQ and analogs; without it as they come. */
  readonly numbers?: NumberFormat
  /** What int16 phasors can hold, V and A: beyond it they are marked absent, and counted. */
  readonly fullScale?: { readonly voltage: number; readonly current: number }
  /** Channels by name; without it all. */
  readonly channels?: readonly string[]
  readonly adjust?: readonly Adjustment[]
}

/** Flags of PHSCALE (C37.118.2-2011, table 11). */
export const Modification = {
  upInterpolated: 1 << 1,
  upExtrapolated: 1 << 2,
  downReselected: 1 << 3,
  downFiltered: 1 << 4,
  downOtherwise: 1 << 5,
  magnitudeAdjusted: 1 << 7,
  angleAdjusted: 1 << 8,
} as const

const MAX_PHUNIT = 0xffffff
const COUNTS = { rectangular: 32_767, polar: 65_535 } as const

/** Which channels of a PMU an output has, by their indices. */
export function keptChannels({ phasors, analogs, digitals }: PmuConfiguration, { channels }: BlockFormat) {
  const isIn = (name: string): boolean => channels === undefined || channels.includes(name)
  const indices = <Channel>(all: readonly Channel[], has: (channel: Channel) => boolean): readonly number[] =>
    all.flatMap((channel, at) => (has(channel) ? [at] : []))
  return {
    phasors: indices(phasors, ({ name }) => isIn(name)),
    analogs: indices(analogs, ({ name }) => isIn(name)),
    digitals: indices(digitals, ({ labels }) => channels === undefined || labels.some(isIn)),
  }
}

/** The PMU as the configuration of the output has it. */
export function formatted(pmu: PmuConfiguration, format: BlockFormat): PmuConfiguration {
  const { adjust = [] } = format
  const numbers = numbersOf(pmu.format, format)
  const kept = keptChannels(pmu, format)
  return {
    ...pmu,
    format: numbers,
    phasors: kept.phasors.map((at) => {
      const { angleOffset: _angleOffset, ...channel } = pmu.phasors[at]!
      const adjustment = adjust.find(({ channel: name }) => name === channel.name)
      const scaled = numbers.phasors === 'int16' ? scaledFor(channel, pmu.format, numbers, format) : channel
      return adjustment ? { ...scaled, modification: flagsOf(scaled, adjustment) } : scaled
    }),
    analogs: kept.analogs.map((at) =>
      numbers.analogs === pmu.format.analogs ? pmu.analogs[at]! : unscaled(pmu.analogs[at]!),
    ),
    digitals: kept.digitals.map((at) => pmu.digitals[at]!),
  }
}

/** Magnitude and offset of CFG-3 are of integers as they came: floats have none, nor integers made of floats. */
function unscaled({
  magnitude: _magnitude,
  offset: _offset,
  unitBytes: _unitBytes,
  ...channel
}: AnalogChannel): AnalogChannel {
  return channel
}

function numbersOf(from: Format, { coordinates, numbers }: BlockFormat): Format {
  const polar = coordinates === undefined ? from.polar : coordinates === 'polar'
  return numbers === undefined
    ? { ...from, polar }
    : { ...from, polar, phasors: numbers, freq: numbers, analogs: numbers }
}

/**
 * PHUNIT for 16 bits. Integers keep theirs where the output's numbers reach as
 * far; a magnitude of 65,535 counts may be all in one part. Floats say no range:
 * `fullScale` does.
 */
function scaledFor(
  channel: PhasorChannel,
  from: Format,
  to: Format,
  { fullScale, adjust = [] }: BlockFormat,
): PhasorChannel {
  const factor = adjust.find(({ channel: name }) => name === channel.name)?.factor ?? 1
  const counts = COUNTS[to.polar ? 'polar' : 'rectangular']
  const { phunit: _phunit, scale: _scale, unitBytes: _unitBytes, ...rest } = channel
  if (fullScale) return { ...rest, phunit: phunitFor(fullScale[channel.kind] / counts) }
  if (from.phasors === 'float32') return { ...rest, phunit: MAX_PHUNIT }
  const unit = (channel.phunit ?? (channel.scale === undefined ? 1 : channel.scale * 1e5)) / 1e5
  // Two parts of 32,767 make a magnitude of 46,340: those fit.
  const reach = from.polar && !to.polar ? COUNTS.polar / COUNTS.rectangular : 1
  if (channel.phunit !== undefined && reach * factor <= 1) return channel
  return { ...rest, phunit: phunitFor(unit * Math.max(1, reach * factor)) }
}

const phunitFor = (unit: number): number => Math.min(MAX_PHUNIT, Math.max(1, Math.ceil(unit * 1e5 - 1e-9)))

function flagsOf({ modification = 0 }: PhasorChannel, { factor = 1, angle = 0 }: Adjustment): number {
  return (
    modification | (factor === 1 ? 0 : Modification.magnitudeAdjusted) | (angle === 0 ? 0 : Modification.angleAdjusted)
  )
}
