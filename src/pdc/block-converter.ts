import {
  analogScale,
  type Configuration,
  compileEncoder,
  type DataColumns,
  type DataEncoder,
  dataBlocks,
  FrameType,
  type PmuConfiguration,
} from '../c37118/index.ts'
import { type Adjustment, type BlockFormat, keptChannels } from './block-format.ts'

interface PhasorWay {
  /** Index of its first number in the columns of the input. */
  readonly from: number
  readonly factor: number
  readonly angle: number
  /** The greatest magnitude, or part, that its 16 bits hold; infinite for floats. */
  readonly limit: number
}

/** Of all PMUs of an input. */
export type DataValues = Pick<DataColumns, 'phasors' | 'freq' | 'dfreq' | 'analogs' | 'digitals'>

const FREQ_LIMIT_HZ = 32.767
const DFREQ_LIMIT = 327.67
const COUNTS = { rectangular: 32_767, polar: 65_535 } as const

/**
 * One PMU of an input in the numbers of an output. Made once; converting
 * allocates nothing. A value that the output's numbers cannot hold is marked
 * absent, alone, and counted: the nearest that there is would be a lie.
 */
export class BlockConverter {
  readonly #encoder: DataEncoder
  readonly #columns: DataColumns
  readonly #scratch: Uint8Array
  readonly #offset: number
  readonly #size: number
  readonly #fromPolar: boolean
  readonly #toPolar: boolean
  readonly #phasors: readonly PhasorWay[]
  readonly #analogs: readonly { readonly from: number; readonly offset: number; readonly factor: number }[]
  readonly #digitals: readonly number[]
  readonly #pmu: number
  readonly #fnom: number
  readonly #isFreqInteger: boolean

  /** `out`: the block as {@link formatted} made it of the input's. */
  constructor(input: Configuration, block: number, out: PmuConfiguration, format: BlockFormat) {
    const { adjust = [] } = format
    const pmu = input.pmus[block]!
    const before = input.pmus.slice(0, block)
    const scales = out.analogs.map((channel) => analogScale(channel, FrameType.config3))
    // Of counts alone: the offset is taken off before.
    const analogs = out.analogs.map((channel, at) => ({ ...channel, scale: scales[at]!.factor }))
    const alone: Configuration = { ...input, type: FrameType.config2, version: 2, pmus: [{ ...out, analogs }] }
    this.#encoder = compileEncoder(alone)
    this.#columns = this.#encoder.createColumns()
    this.#scratch = new Uint8Array(this.#encoder.frameSize)
    const [place] = dataBlocks(alone)
    this.#offset = place!.offset
    this.#size = place!.size
    this.#fromPolar = pmu.format.polar
    this.#toPolar = out.format.polar
    this.#pmu = block
    this.#fnom = out.fnom
    this.#isFreqInteger = out.format.freq === 'int16'

    const firstPhasor = sumOf(before, ({ phasors }) => phasors.length)
    const firstAnalog = sumOf(before, ({ analogs }) => analogs.length)
    const firstDigital = sumOf(before, ({ digitals }) => digitals.length)
    const kept = keptChannels(pmu, format)
    this.#phasors = out.phasors.map((channel, at) => ({
      from: 2 * (firstPhasor + kept.phasors[at]!),
      ...waysOf(adjust, channel.name),
      limit:
        out.format.phasors === 'int16'
          ? unitOf(channel) * COUNTS[this.#toPolar ? 'polar' : 'rectangular']
          : Number.POSITIVE_INFINITY,
    }))
    const isInteger = out.format.analogs === 'int16'
    this.#analogs = scales.map(({ factor, offset }, at) => ({
      from: firstAnalog + kept.analogs[at]!,
      offset: isInteger ? offset : 0,
      factor: isInteger ? factor : Number.POSITIVE_INFINITY,
    }))
    this.#digitals = kept.digitals.map((at) => firstDigital + at)
  }

  get size(): number {
    return this.#size
  }

  /** Writes the block, but for its STAT, of a decoded frame of the input. Returns how many values did not fit. */
  write(from: DataValues, target: Uint8Array, to: number): number {
    const { phasors, freq, dfreq, analogs, digitals } = this.#columns
    let unfit = 0
    for (let at = 0; at < this.#phasors.length; at++)
      unfit += this.#phasor(from.phasors, phasors, at, this.#phasors[at]!)
    freq[0] = from.freq[this.#pmu]!
    dfreq[0] = from.dfreq[this.#pmu]!
    if (this.#isFreqInteger) {
      if (Math.abs(freq[0] - this.#fnom) > FREQ_LIMIT_HZ) unfit += absent(freq, 0)
      if (Math.abs(dfreq[0]) > DFREQ_LIMIT) unfit += absent(dfreq, 0)
    }
    for (let at = 0; at < this.#analogs.length; at++) {
      const { from: source, offset, factor } = this.#analogs[at]!
      analogs[at] = from.analogs[source]! - offset
      const counts = analogs[at]! / factor
      if (counts >= 0x7fff + 0.5 || counts < -0x8000 - 0.5) unfit += absent(analogs, at)
    }
    for (let at = 0; at < this.#digitals.length; at++) digitals[at] = from.digitals[this.#digitals[at]!]!
    this.#encoder.encodeInto(this.#columns, this.#scratch)
    for (let at = 2; at < this.#size; at++) target[to + at] = this.#scratch[this.#offset + at]!
    return unfit
  }

  #phasor(from: Float64Array, to: Float64Array, at: number, { from: source, factor, angle, limit }: PhasorWay): number {
    const [one, other] = [from[source]!, from[source + 1]!]
    const [first, second] = [2 * at, 2 * at + 1]
    if (this.#fromPolar === this.#toPolar && factor === 1 && angle === 0) {
      to[first] = one
      to[second] = other
    } else {
      const magnitude = factor * (this.#fromPolar ? one : Math.hypot(one, other))
      const radians = angle + (this.#fromPolar ? other : Math.atan2(other, one))
      to[first] = this.#toPolar ? magnitude : magnitude * Math.cos(radians)
      to[second] = this.#toPolar ? radians : magnitude * Math.sin(radians)
    }
    const greatest = this.#toPolar ? Math.abs(to[first]!) : Math.max(Math.abs(to[first]!), Math.abs(to[second]!))
    // By half a count: what is rounded to the last one fits.
    if (greatest <= limit * (1 + 0.5 / COUNTS.rectangular)) return 0
    if (Number.isNaN(greatest)) return 0
    to[second] = Number.NaN
    return absent(to, first)
  }
}

function absent(values: Float64Array, at: number): 1 {
  values[at] = Number.NaN
  return 1
}

const sumOf = (pmus: readonly PmuConfiguration[], of: (pmu: PmuConfiguration) => number): number =>
  pmus.reduce((sum, pmu) => sum + of(pmu), 0)

function waysOf(adjust: readonly Adjustment[], name: string): { readonly factor: number; readonly angle: number } {
  const { factor = 1, angle = 0 } = adjust.find(({ channel }) => channel === name) ?? {}
  return { factor, angle }
}

const unitOf = ({ phunit, scale }: { readonly phunit?: number; readonly scale?: number }): number =>
  phunit === undefined ? (scale ?? 1) : phunit / 1e5
