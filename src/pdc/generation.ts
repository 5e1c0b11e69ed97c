import { absentFrame, type Configuration, dataBlocks, stampFrame, timeQualityOf } from '../c37118/index.ts'
import type { Aggregate } from './aggregate.ts'
import type { BlockFormat } from './block-format.ts'
import { worstTimeQuality } from './carry-stat.ts'
import { type BlockWay, InputBlocks } from './input-blocks.ts'
import type { Member } from './members.ts'
import type { RatedSample } from './rated-sample.ts'

/** A frame of the aggregate that is being put together. */
export interface Growing {
  readonly generation: Generation
  readonly frame: Uint8Array
  /** Of what is in it. */
  timeQuality: number
}

export interface GenerationInput {
  readonly configuration: Configuration
  /** It comes as samples at the instants of the output, not as frames. */
  readonly isRated: boolean
}

/**
 * The data frames of an aggregate under one configuration: where the blocks of
 * each input go. Made once; putting a frame together allocates that frame.
 */
export class Generation {
  readonly aggregate: Aggregate
  readonly #absent: Uint8Array
  readonly #inputs: ReadonlyMap<string, InputBlocks>

  /** `inputs`: of each member's. `format`: as which the members' PMUs are those of the aggregate. */
  constructor(
    aggregate: Aggregate,
    members: readonly Member[],
    inputs: ReadonlyMap<string, GenerationInput>,
    format: BlockFormat = {},
  ) {
    this.aggregate = aggregate
    this.#absent = absentFrame(aggregate.configuration)
    const offsets = dataBlocks(aggregate.configuration).map(({ offset }) => offset)
    this.#inputs = inputBlocks(members, offsets, inputs, format)
  }

  /** A frame in which every PMU is absent. */
  begin(): Growing {
    return { generation: this, frame: this.#absent.slice(), timeQuality: 0 }
  }

  /** Where the blocks of an input go; undefined: it is not in this aggregate. */
  blocksOf(input: string): InputBlocks | undefined {
    return this.#inputs.get(input)
  }

  /** Puts the blocks of an input where they belong, from a frame, or a sample of one that is rated. `more`: bits of STAT that the PDC sets. Returns how many values did not fit. */
  put(growing: Growing, blocks: InputBlocks, content: Uint8Array | RatedSample, more: number): number {
    const isFrame = content instanceof Uint8Array
    const quality = isFrame ? timeQualityOf(content) : content.timeQuality
    growing.timeQuality = worstTimeQuality(growing.timeQuality, quality)
    return isFrame ? blocks.put(growing.frame, content, more) : blocks.putSample(growing.frame, content, more)
  }

  /** Goes on with a frame that was sealed: a copy. */
  reopen(frame: Uint8Array): Growing {
    return { generation: this, frame: frame.slice(), timeQuality: timeQualityOf(frame) }
  }

  /** As {@link put}, but only what is absent. Returns how many blocks that was. */
  fill(growing: Growing, blocks: InputBlocks, content: Uint8Array | RatedSample, more: number): number {
    const isFrame = content instanceof Uint8Array
    const filled = isFrame ? blocks.fill(growing.frame, content, more) : blocks.fillSample(growing.frame, content, more)
    const quality = isFrame ? timeQualityOf(content) : content.timeQuality
    if (filled > 0) growing.timeQuality = worstTimeQuality(growing.timeQuality, quality)
    return filled
  }

  /** Completes it: its time and its CHK. */
  seal({ frame, timeQuality }: Growing, soc: number, fraction: number): Uint8Array {
    stampFrame(frame, { soc, fraction, timeQuality })
    return frame
  }
}

function inputBlocks(
  members: readonly Member[],
  offsets: readonly number[],
  inputs: ReadonlyMap<string, GenerationInput>,
  format: BlockFormat,
): ReadonlyMap<string, InputBlocks> {
  const ways = new Map<string, BlockWay[]>()
  members.forEach(({ input, block, pmu }, at) => {
    const way = { block, out: pmu, to: offsets[at]! }
    const known = ways.get(input)
    if (known) known.push(way)
    else ways.set(input, [way])
  })
  return new Map(
    [...ways].map(([input, blocks]) => {
      const { configuration, isRated } = inputs.get(input)!
      return [input, new InputBlocks(configuration, blocks, format, isRated)]
    }),
  )
}
