import type { Configuration } from '../c37118/index.ts'
import type { SlotGrid } from '../streams/index.ts'
import type { BlockFormat } from './block-format.ts'
import type { Generation } from './generation.ts'
import type { InputBlocks } from './input-blocks.ts'
import { type Member, type MemberRules, membersOf } from './members.ts'
import type { InputCounters } from './output-counters.ts'
import { type RatePlan, type RateSettings, ratedPmu, ratePlan } from './rate-plan.ts'
import { RatedInput } from './rated-input.ts'

/** What follows from its configuration. */
export interface InputView {
  readonly configuration: Configuration
  /** Its blocks, as the output has them. */
  readonly members: readonly Member[]
  /** What is done where it has another rate than the output, and who makes samples of it. */
  readonly rate: RatePlan | undefined
  readonly rated: RatedInput | undefined
  /** The same for what comes late, in runs of its own. */
  readonly ratedLate: RatedInput | undefined
}

/** An input as an output knows it. A class, so that all of them have one shape: its fields are read with each frame. */
export class OutputInput implements InputView {
  readonly name: string
  readonly rules: MemberRules
  readonly counters: InputCounters
  configuration: Configuration
  members: readonly Member[]
  rate: RatePlan | undefined
  rated: RatedInput | undefined
  ratedLate: RatedInput | undefined
  /** In the window; undefined until it is in a configuration of the output. */
  number: number | undefined
  #generation: Generation | undefined
  #blocks: InputBlocks | undefined

  constructor(name: string, rules: MemberRules, counters: InputCounters, view: InputView) {
    this.name = name
    this.rules = rules
    this.counters = counters
    this.configuration = view.configuration
    this.members = view.members
    this.rate = view.rate
    this.rated = view.rated
    this.ratedLate = view.ratedLate
  }

  /** It has another configuration. */
  use(view: InputView): void {
    this.configuration = view.configuration
    this.members = view.members
    this.rate = view.rate
    this.rated = view.rated
    this.ratedLate = view.ratedLate
  }

  /** Where its blocks go; remembered, for most frames are of the generation of those before. */
  blocksOf(generation: Generation): InputBlocks | undefined {
    if (this.#generation !== generation) {
      this.#generation = generation
      this.#blocks = generation.blocksOf(this.name)
    }
    return this.#blocks
  }
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
