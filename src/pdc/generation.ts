import { absentFrame, type Configuration, dataBlocks, stampFrame, timeQualityOf, versionOf } from '../c37118/index.ts'
import type { Aggregate } from './aggregate.ts'
import { carryStat, worstTimeQuality } from './carry-stat.ts'
import type { Member } from './members.ts'

/** A frame of the aggregate that is being put together. */
export interface Growing {
  readonly generation: Generation
  readonly frame: Uint8Array
  /** Of what is in it. */
  timeQuality: number
}

interface Copy {
  readonly from: number
  readonly to: number
  readonly size: number
}

interface InputBlocks {
  readonly configuration: Configuration
  readonly copies: readonly Copy[]
}

/**
 * The data frames of an aggregate under one configuration: where the blocks of
 * each input go. Made once; putting a frame together allocates that frame.
 */
export class Generation {
  readonly aggregate: Aggregate
  readonly members: readonly Member[]
  readonly #absent: Uint8Array
  readonly #inputs: ReadonlyMap<string, InputBlocks>

  /** `inputs`: the configuration that each member's input has. */
  constructor(aggregate: Aggregate, members: readonly Member[], inputs: ReadonlyMap<string, Configuration>) {
    this.aggregate = aggregate
    this.members = members
    this.#absent = absentFrame(aggregate.configuration)
    const offsets = dataBlocks(aggregate.configuration).map(({ offset }) => offset)
    this.#inputs = copiesOf(members, offsets, inputs)
  }

  /** A frame in which every PMU is absent. */
  begin(): Growing {
    return { generation: this, frame: this.#absent.slice(), timeQuality: 0 }
  }

  /** Whether frames of this configuration of an input have their place here. */
  takes(input: string, configuration: Configuration): boolean {
    return this.#inputs.get(input)?.configuration === configuration
  }

  /** Puts the blocks of an input where they belong. `more`: bits of STAT that the PDC sets. */
  put(growing: Growing, input: string, source: Uint8Array, more: number): void {
    const { frame } = growing
    const [version, timeQuality] = [versionOf(source), timeQualityOf(source)]
    growing.timeQuality = worstTimeQuality(growing.timeQuality, timeQuality)
    for (const { from, to, size } of this.#inputs.get(input)!.copies) {
      for (let at = 2; at < size; at++) frame[to + at] = source[from + at]!
      const stat = carryStat((source[from]! << 8) | source[from + 1]!, version, timeQuality, more)
      frame[to] = stat >> 8
      frame[to + 1] = stat
    }
  }

  /** Completes it: its time and its CHK. */
  seal({ frame, timeQuality }: Growing, soc: number, fraction: number): Uint8Array {
    stampFrame(frame, { soc, fraction, timeQuality })
    return frame
  }
}

function copiesOf(
  members: readonly Member[],
  offsets: readonly number[],
  inputs: ReadonlyMap<string, Configuration>,
): ReadonlyMap<string, InputBlocks> {
  const found = new Map<string, { configuration: Configuration; copies: Copy[] }>()
  members.forEach(({ input, block }, at) => {
    const configuration = inputs.get(input)!
    const { copies } = found.get(input) ?? found.set(input, { configuration, copies: [] }).get(input)!
    const { offset, size } = dataBlocks(configuration)[block]!
    copies.push({ from: offset, to: offsets[at]!, size })
  })
  return found
}
