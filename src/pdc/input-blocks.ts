import {
  type Configuration,
  compileDecoder,
  type DataColumns,
  type DataDecoder,
  dataBlocks,
  isAbsentBlock,
  type PmuConfiguration,
  Stat,
  timeQualityOf,
  versionOf,
} from '../c37118/index.ts'
import { BlockConverter } from './block-converter.ts'
import type { BlockFormat } from './block-format.ts'
import { carryStat } from './carry-stat.ts'
import type { RatedSample } from './rated-sample.ts'

/** Where a block of an input goes, and as what. */
export interface BlockWay {
  /** Its index in the input. */
  readonly block: number
  /** As the output has it. */
  readonly out: PmuConfiguration
  /** Its first byte in the output's frames. */
  readonly to: number
}

interface Way {
  /** Its index in the input, and its first byte there. */
  readonly block: number
  readonly from: number
  readonly to: number
  readonly size: number
  /** Without it the bytes are the same. */
  readonly converter: BlockConverter | undefined
  /** STAT of what the PDC changed. */
  readonly bits: number
}

/** From the frames of one input, of one configuration, to those of an output. */
export class InputBlocks {
  readonly configuration: Configuration
  readonly #ways: readonly Way[]
  readonly #decoder: DataDecoder | undefined
  readonly #columns: DataColumns | undefined

  /** `isRated`: it comes as samples, with phasors in real and imaginary parts, and never as bytes. */
  constructor(configuration: Configuration, blocks: readonly BlockWay[], format: BlockFormat, isRated = false) {
    this.configuration = configuration
    const places = dataBlocks(configuration)
    const from = isRated ? inParts(configuration) : configuration
    this.#ways = blocks.map(({ block, out, to }) => {
      const { offset, size } = places[block]!
      const isSame = !isRated && hasSameBytes(configuration.pmus[block]!, out, format)
      const converter = isSame ? undefined : new BlockConverter(from, block, out, format)
      return { block, from: offset, to, size, converter, bits: isAdjusted(out, format) ? Stat.dataModified : 0 }
    })
    if (!isRated && this.#ways.some(({ converter }) => converter)) {
      this.#decoder = compileDecoder(configuration)
      this.#columns = this.#decoder.createColumns()
    }
  }

  /** Puts its blocks into a frame of the output. `more`: bits of STAT that the PDC sets. Returns how many values did not fit. */
  put(target: Uint8Array, source: Uint8Array, more: number): number {
    const [version, timeQuality] = [versionOf(source), timeQualityOf(source)]
    let unfit = 0
    this.#decoder?.decodeInto(source, this.#columns!)
    for (let at = 0; at < this.#ways.length; at++)
      unfit += this.#put(this.#ways[at]!, target, source, version, timeQuality, more)
    return unfit
  }

  /** Only what is absent in the target, and is not in the source. Returns how many blocks that was. */
  fill(target: Uint8Array, source: Uint8Array, more: number): number {
    const [version, timeQuality] = [versionOf(source), timeQualityOf(source)]
    let filled = 0
    this.#decoder?.decodeInto(source, this.#columns!)
    for (const way of this.#ways) {
      if (!isAbsentBlock(target, way.to) || isAbsentBlock(source, way.from)) continue
      this.#put(way, target, source, version, timeQuality, more)
      filled++
    }
    return filled
  }

  /** As {@link put}, of a sample, of an input that is rated. */
  putSample(target: Uint8Array, sample: RatedSample, more: number): number {
    let unfit = 0
    for (const way of this.#ways) unfit += putSample(way, target, sample, more)
    return unfit
  }

  /** As {@link fill}. */
  fillSample(target: Uint8Array, sample: RatedSample, more: number): number {
    let filled = 0
    for (const way of this.#ways) {
      if (!isAbsentBlock(target, way.to)) continue
      putSample(way, target, sample, more)
      filled++
    }
    return filled
  }

  #put(
    { from, to, size, converter, bits }: Way,
    target: Uint8Array,
    source: Uint8Array,
    version: number,
    timeQuality: number,
    more: number,
  ): number {
    let unfit = 0
    if (converter) unfit = converter.write(this.#columns!, target, to)
    else for (let at = 2; at < size; at++) target[to + at] = source[from + at]!
    writeStat(target, to, carryStat((source[from]! << 8) | source[from + 1]!, version, timeQuality, more | bits))
    return unfit
  }
}

function putSample({ block, to, converter, bits }: Way, target: Uint8Array, sample: RatedSample, more: number): number {
  const unfit = converter!.write(sample, target, to)
  writeStat(target, to, sample.stat[block]! | more | bits)
  return unfit
}

function writeStat(target: Uint8Array, at: number, stat: number): void {
  target[at] = stat >> 8
  target[at + 1] = stat
}

const inParts = (configuration: Configuration): Configuration => ({
  ...configuration,
  pmus: configuration.pmus.map((pmu) => ({ ...pmu, format: { ...pmu.format, polar: false } })),
})

/** The bytes of the input's block mean the same in the output. */
function hasSameBytes(from: PmuConfiguration, to: PmuConfiguration, format: BlockFormat): boolean {
  const sameNumbers = (['polar', 'phasors', 'analogs', 'freq'] as const).every(
    (field) => from.format[field] === to.format[field],
  )
  const sameChannels = (['phasors', 'analogs', 'digitals'] as const).every(
    (kind) => from[kind].length === to[kind].length,
  )
  const sameUnits =
    to.format.phasors === 'float32' ||
    to.phasors.every(({ phunit }, at) => phunit !== undefined && phunit === from.phasors[at]!.phunit)
  return sameNumbers && sameChannels && sameUnits && !isAdjusted(to, format)
}

const isAdjusted = ({ phasors }: PmuConfiguration, { adjust = [] }: BlockFormat): boolean =>
  adjust.some(({ channel }) => phasors.some(({ name }) => name === channel))
