import {
  type Configuration,
  compileDecoder,
  type DataColumns,
  type DataDecoder,
  dataBlocks,
  type PmuConfiguration,
  Stat,
  timeQualityOf,
  versionOf,
} from '../c37118/index.ts'
import { BlockConverter } from './block-converter.ts'
import type { BlockFormat } from './block-format.ts'
import { carryStat } from './carry-stat.ts'

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

  constructor(configuration: Configuration, blocks: readonly BlockWay[], format: BlockFormat) {
    this.configuration = configuration
    const places = dataBlocks(configuration)
    this.#ways = blocks.map(({ block, out, to }) => {
      const { offset, size } = places[block]!
      const isSame = hasSameBytes(configuration.pmus[block]!, out, format)
      const converter = isSame ? undefined : new BlockConverter(configuration, block, out, format)
      return { from: offset, to, size, converter, bits: isAdjusted(out, format) ? Stat.dataModified : 0 }
    })
    if (this.#ways.some(({ converter }) => converter)) {
      this.#decoder = compileDecoder(configuration)
      this.#columns = this.#decoder.createColumns()
    }
  }

  /** Puts its blocks into a frame of the output. `more`: bits of STAT that the PDC sets. Returns how many values did not fit. */
  put(target: Uint8Array, source: Uint8Array, more: number): number {
    const [version, timeQuality] = [versionOf(source), timeQualityOf(source)]
    let unfit = 0
    this.#decoder?.decodeInto(source, this.#columns!)
    for (const { from, to, size, converter, bits } of this.#ways) {
      if (converter) unfit += converter.write(this.#columns!, target, to)
      else for (let at = 2; at < size; at++) target[to + at] = source[from + at]!
      const stat = carryStat((source[from]! << 8) | source[from + 1]!, version, timeQuality, more | bits)
      target[to] = stat >> 8
      target[to + 1] = stat
    }
    return unfit
  }
}

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
