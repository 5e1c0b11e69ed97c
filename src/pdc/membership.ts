/**
 * Which inputs an output has, and what it is made of them: the members of its
 * next configuration, as many as a data frame can hold.
 */
import {
  type Configuration,
  dataFrameSize,
  FrameError,
  type FrameTime,
  FrameType,
  MAX_FRAME_SIZE,
} from '../c37118/index.ts'
import type { Log, Metrics } from '../runtime/service.ts'
import type { SlotGrid } from '../streams/index.ts'
import { type Aggregate, type AggregateSettings, aggregateOf } from './aggregate.ts'
import type { Now } from './alignment-window.ts'
import type { BlockFormat } from './block-format.ts'
import { Generation } from './generation.ts'
import type { Member, MemberRules } from './members.ts'
import { inputCounters } from './output-counters.ts'
import { type InputView, OutputInput, viewOf } from './output-input.ts'
import { layoutOf } from './output-revisions.ts'
import { PdcError } from './pdc-error.ts'
import type { RateSettings } from './rate-plan.ts'

export interface MembershipSettings extends AggregateSettings {
  /** Of the output: for logs and metrics. */
  readonly id: string
  readonly grid: SlotGrid
  readonly format?: BlockFormat | undefined
  readonly rates?: RateSettings | undefined
}

/** What the output is from now on. */
export interface Made {
  readonly generation: Generation
  /** Those that are in it, by their names. */
  readonly inputs: readonly OutputInput[]
  /** It has other members, or another layout, than before. */
  readonly isChange: boolean
}

const MICROSECONDS = 1_000_000

export class Membership {
  readonly #settings: MembershipSettings
  readonly #log: Log
  readonly #metrics: Metrics
  readonly #inputs = new Map<string, OutputInput>()
  /** Configurations that the output has had: each raises CFGCNT. */
  #changes = 0

  constructor(settings: MembershipSettings, { log, metrics }: { readonly log: Log; readonly metrics: Metrics }) {
    this.#settings = settings
    this.#log = log
    this.#metrics = metrics
  }

  get(name: string): OutputInput | undefined {
    return this.#inputs.get(name)
  }

  /** The input with this configuration; `undefined`, and said: nothing can be made of it. */
  put(name: string, configuration: Configuration, rules: MemberRules, now: Now): OutputInput | undefined {
    const view = this.#viewOf(name, configuration, rules, now)
    if (!view) return undefined
    const known = this.#inputs.get(name)
    known?.use(view)
    const input = known ?? new OutputInput(name, rules, inputCounters(this.#metrics, this.#settings.id, name), view)
    this.#inputs.set(name, input)
    return input
  }

  /** Says whether it was there. */
  delete(name: string): boolean {
    if (!this.#inputs.delete(name)) return false
    this.#metrics.forget({ output: this.#settings.id, input: name })
    return true
  }

  /** `undefined`: of nothing nothing is made, and what cannot be told is said; the configuration before goes on. */
  make(before: Pick<Made, 'generation' | 'inputs'> | undefined, now: Now): Made | undefined {
    const inputs = this.#fitting(before?.inputs ?? [])
    const members = inputs.flatMap(({ members }) => members)
    if (members.length === 0) return undefined
    const isChange = before !== undefined && !isSame(members, before.generation.aggregate)
    if (isChange) this.#changes++
    const counted = members.map(({ pmu, ...member }) => ({
      ...member,
      pmu: { ...pmu, cfgcnt: (pmu.cfgcnt + this.#changes) & 0xffff },
    }))
    const aggregate = this.#aggregateOf(counted, now)
    if (!aggregate) return undefined
    const ways = inputs.map(
      ({ name, configuration, rated }) => [name, { configuration, isRated: rated !== undefined }] as const,
    )
    return { generation: new Generation(aggregate, counted, new Map(ways), this.#settings.format), inputs, isChange }
  }

  #viewOf(name: string, configuration: Configuration, rules: MemberRules, now: Now): InputView | undefined {
    const refuse = (error: unknown): undefined => {
      const facts = { output: this.#settings.id, input: name, error }
      this.#log.error(facts, 'an input is left out: nothing can be made of its configuration')
      return undefined
    }
    if (configuration.dataRate === 0)
      return refuse(new PdcError({ code: 'PDC_NO_RATE', input: name }, 'DATA_RATE is 0'))
    try {
      const view = viewOf(name, configuration, rules, this.#settings)
      const pmus = view.members.map(({ pmu }) => pmu)
      if (pmus.length > 0) aggregateOf(pmus, this.#settings, timeAt(now))
      return view
    } catch (error) {
      if (error instanceof PdcError || error instanceof FrameError) return refuse(error)
      throw error
    }
  }

  /** `undefined`, and said: each of them could be told, but not all together. The configuration before goes on. */
  #aggregateOf(members: readonly Member[], now: Now): Aggregate | undefined {
    try {
      return aggregateOf(
        members.map(({ pmu }) => pmu),
        this.#settings,
        timeAt(now),
      )
    } catch (error) {
      if (!(error instanceof PdcError || error instanceof FrameError)) throw error
      this.#log.error({ output: this.#settings.id, error }, 'the output stays as it is')
      return undefined
    }
  }

  /** Inputs that have PMUs in the output, as many as a data frame can hold: those that were in it first. By their names. */
  #fitting(before: readonly OutputInput[]): readonly OutputInput[] {
    const wasIn = new Set(before)
    const inputs = [...this.#inputs.values()].filter(({ members }) => members.length > 0)
    const first = inputs.toSorted((one, other) => Number(wasIn.has(other)) - Number(wasIn.has(one)))
    const fitting: OutputInput[] = []
    let left = MAX_FRAME_SIZE - sizeOf([])
    for (const input of first) {
      const size = sizeOf(input.members) - sizeOf([])
      if (size <= left) {
        fitting.push(input)
        left -= size
        continue
      }
      const facts = { output: this.#settings.id, input: input.name, bytes: size, left }
      this.#log.error(facts, 'an input is left out, for its PMUs have no room: give the PDC several outputs')
    }
    return fitting.toSorted((one, other) => (one.name < other.name ? -1 : 1))
  }
}

const timeAt = ({ utcUs }: Now): FrameTime => ({ soc: Math.floor(utcUs / MICROSECONDS), fraction: 0 })

const isSame = (members: readonly Member[], { configuration }: Aggregate): boolean =>
  layoutOf({ ...configuration, pmus: members.map(({ pmu }) => pmu) }) === layoutOf(configuration)

/** Of a data frame of these PMUs. */
const sizeOf = (members: readonly Member[]): number => dataFrameSize({ ...NOBODY, pmus: members.map(({ pmu }) => pmu) })
const NOBODY: Configuration = {
  type: FrameType.config2,
  version: 2,
  idcode: 0,
  soc: 0,
  fraction: 0,
  timeQuality: 0,
  timeBase: MICROSECONDS,
  timeBaseFlags: 0,
  dataRate: 1,
  pmus: [],
}
