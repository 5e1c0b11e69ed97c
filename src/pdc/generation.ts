import { absentFrame, type Configuration, dataBlocks, stampFrame, timeQualityOf } from '../c37118/index.ts'
import type { Aggregate } from './aggregate.ts'
import type { BlockFormat } from './block-format.ts'
import { worstTimeQuality } from './carry-stat.ts'
import { type BlockWay, InputBlocks } from './input-blocks.ts'
import type { Member } from './members.ts'

/** A frame of the aggregate that is being put together. */
export interface Growing {
  readonly generation: Generation
  readonly frame: Uint8Array
  /** Of what is in it. */
  timeQuality: number
}

/**
 * The data frames of an aggregate under one configuration: where the blocks of
 * each input go. Made once; putting a frame together allocates that frame.
 */
export class Generation {
  readonly aggregate: Aggregate
  readonly #absent: Uint8Array
  readonly #inputs: ReadonlyMap<string, InputBlocks>

  /** `inputs`: the configuration that each member's input has. `format`: as which the members' PMUs are those of the aggregate. */
  constructor(
    aggregate: Aggregate,
    members: readonly Member[],
    inputs: ReadonlyMap<string, Configuration>,
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

  /** Whether frames of this configuration of an input have their place here. */
  takes(input: string, configuration: Configuration): boolean {
    return this.#inputs.get(input)?.configuration === configuration
  }

  /** Puts the blocks of an input where they belong. `more`: bits of STAT that the PDC sets. Returns how many values did not fit. */
  put(growing: Growing, input: string, source: Uint8Array, more: number): number {
    growing.timeQuality = worstTimeQuality(growing.timeQuality, timeQualityOf(source))
    return this.#inputs.get(input)!.put(growing.frame, source, more)
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
  inputs: ReadonlyMap<string, Configuration>,
  format: BlockFormat,
): ReadonlyMap<string, InputBlocks> {
  const ways = new Map<string, BlockWay[]>()
  members.forEach(({ input, block, pmu }, at) => {
    const way = { block, out: pmu, to: offsets[at]! }
    const known = ways.get(input)
    if (known) known.push(way)
    else ways.set(input, [way])
  })
  return new Map([...ways].map(([input, blocks]) => [input, new InputBlocks(inputs.get(input)!, blocks, format)]))
}
