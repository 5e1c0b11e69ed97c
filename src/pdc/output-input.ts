import type { Configuration } from '../c37118/index.ts'
import type { SlotGrid } from '../streams/index.ts'
import type { BlockFormat } from './block-format.ts'
import type { Generation } from './generation.ts'
import type { InputBlocks } from './input-blocks.ts'
import { type Member, type MemberRules, membersOf } from './members.ts'
import type { InputCounters } from './output-counters.ts'
import { type RatePlan, type RateSettings, ratedPmu, ratePlan } from './rate-plan.ts'
import { RatedInput } from './rated-input.ts'

/** An input as an output knows it. */
export interface OutputInput extends InputView {
  readonly name: string
  readonly rules: MemberRules
  /** In the window; undefined until it is in a configuration of the output. */
  number: number | undefined
  /** Where its blocks go, under the generation that was asked last. */
  generation: Generation | undefined
  blocks: InputBlocks | undefined
  readonly counters: InputCounters
}

/** What follows from its configuration. */
export interface InputView {
  configuration: Configuration
  /** Its blocks, as the output has them. */
  members: readonly Member[]
  /** What is done where it has another rate than the output, and who makes samples of it. */
  rate: RatePlan | undefined
  rated: RatedInput | undefined
  /** The same for what comes late, in runs of its own. */
  ratedLate: RatedInput | undefined
}

export interface ViewSettings {
  readonly grid: SlotGrid
  readonly rates?: RateSettings | undefined
  readonly format?: BlockFormat | undefined
}

export function viewOf(
  name: string,
  configuration: Configuration,
  rules: MemberRules,
  { grid, rates, format }: ViewSettings,
): InputView {
  const rate = ratePlan(configuration.dataRate, grid.dataRate, rates)
  const members = membersOf(name, configuration, rules, format).map((member) =>
    rate ? { ...member, pmu: ratedPmu(member.pmu, rate) } : member,
  )
  const rated = (): RatedInput | undefined =>
    rate && rate.method !== 'reselect' ? new RatedInput(configuration, rate.method, rate.from, grid) : undefined
  return { configuration, members, rate, rated: rated(), ratedLate: rated() }
}

/** Where its blocks go; remembered, for most frames are of the generation of those before. */
export function blocksOf(input: OutputInput, generation: Generation): InputBlocks | undefined {
  if (input.generation !== generation) {
    input.generation = generation
    input.blocks = generation.blocksOf(input.name)
  }
  return input.blocks
}
