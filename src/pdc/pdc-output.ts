/**
 * One output of a PDC: the frames of its inputs, put together by their instants
 * (IEEE C37.247 clause 4.1 and 4.2). Synchronous; times come in.
 */
import { type Configuration, fractionOf, Stat, socOf } from '../c37118/index.ts'
import type { Log, Metrics } from '../runtime/service.ts'
import { SlotGrid } from '../streams/index.ts'
import { type Aggregate, type AggregateSettings, aggregateOf } from './aggregate.ts'
import type { BlockFormat } from './block-format.ts'
import { Generation, type Growing } from './generation.ts'
import { type MemberRules, membersOf } from './members.ts'
import { type InputCounters, inputCounters, type OutputCounters, outputCounters } from './output-counters.ts'
import { PdcError } from './pdc-error.ts'
import { type Now, type OpenSlot, SlotWindow, type SlotWindowSettings } from './slot-window.ts'

export interface OutputSettings extends AggregateSettings, Omit<SlotWindowSettings, 'grid'> {
  /** For logs and metrics. */
  readonly id: string
  /** Inputs that come or change within so long are one change of the configuration. */
  readonly settleUs: number
  readonly format?: BlockFormat
}

/** Where an output goes. Calls are synchronous; what is given may be kept. */
export interface OutputSink {
  /** Describes the frames that follow. */
  configuration(aggregate: Aggregate): void
  data(frame: Uint8Array): void
}

export interface OutputDeps {
  readonly sink: OutputSink
  readonly log: Log
  readonly metrics: Metrics
}

/** An input as an output knows it. */
export interface OutputInput {
  readonly name: string
  readonly rules: MemberRules
  configuration: Configuration
  /** By its TIME_BASE, the slots of the output. */
  grid: SlotGrid
  /** In the window; undefined until it is in a configuration of the output. */
  number: number | undefined
  readonly counters: InputCounters
}

interface Reign {
  /** From this slot on. */
  readonly from: number
  readonly generation: Generation
  /** Inputs that are in it. */
  readonly inputs: readonly OutputInput[]
  /** The output had another one before. */
  readonly isChange: boolean
}

const MICROSECONDS = 1_000_000
/** How long STAT says that the configuration has changed (C37.118.2-2011, table 7). */
const CHANGE_US = 60 * MICROSECONDS

export class PdcOutput {
  readonly #settings: OutputSettings
  readonly #deps: OutputDeps
  readonly #grid: SlotGrid
  readonly #window: SlotWindow<Growing>
  readonly #counters: OutputCounters
  readonly #inputs = new Map<string, OutputInput>()
  /** Oldest first; the last is in force for slots that begin now. */
  readonly #reigns: Reign[] = []
  /** That of the frame that went last. */
  #told: Generation | undefined
  #newestSlot = Number.NEGATIVE_INFINITY
  /** When the inputs are taken as they then are. */
  #settlesUs: number | undefined

  constructor(settings: OutputSettings, deps: OutputDeps) {
    this.#settings = settings
    this.#deps = deps
    this.#grid = gridOf(settings.dataRate, settings.timeBase)
    this.#counters = outputCounters(deps.metrics, settings.id)
    this.#window = new SlotWindow(
      { ...settings, grid: this.#grid },
      {
        open: (slot) => this.#open(slot),
        release: (slot) => this.#release(slot),
        skipped: (slots) => this.#counters.skipped.add(slots),
      },
    )
  }

  /** What describes its frames; undefined before the first input. */
  get aggregate(): Aggregate | undefined {
    return this.#reigns.at(-1)?.generation.aggregate
  }

  /** An input is there, or has another configuration: of its frames from now on. */
  input(name: string, configuration: Configuration, rules: MemberRules, now: Now): OutputInput {
    const grid = gridOf(this.#settings.dataRate, configuration.timeBase)
    let input = this.#inputs.get(name)
    if (input) {
      input.configuration = configuration
      input.grid = grid
    } else {
      const counters = inputCounters(this.#deps.metrics, this.#settings.id, name)
      input = { name, rules, configuration, grid, number: undefined, counters }
      this.#inputs.set(name, input)
    }
    this.#settlesUs ??= now.monotonicUs + this.#settings.settleUs
    return input
  }

  /** It is no input any more. */
  gone(input: OutputInput, now: Now): void {
    if (!this.#inputs.delete(input.name)) return
    this.away(input)
    this.#deps.metrics.forget({ output: this.#settings.id, input: input.name })
    this.#settlesUs ??= now.monotonicUs + this.#settings.settleUs
  }

  /** It is known to send nothing now: no instant waits for it. */
  away({ number }: OutputInput): void {
    if (number !== undefined) this.#window.away(number)
  }

  /** A frame of an input, of the configuration that it has. The hot path. */
  frame(input: OutputInput, frame: Uint8Array, now: Now): void {
    const { number, grid, counters } = input
    const soc = socOf(frame)
    const fraction = fractionOf(frame)
    const slot = grid.slotOf(soc, fraction)
    const reign = this.#reignOf(slot)
    if (number === undefined || !reign?.generation.takes(input.name, input.configuration)) {
      counters.misplaced['other-configuration'].add()
      return
    }
    const timeUs = soc * MICROSECONDS + (fraction * MICROSECONDS) / input.configuration.timeBase
    const open = this.#window.place(number, slot, timeUs, now)
    if (typeof open === 'string') {
      counters.misplaced[open].add()
      return
    }
    counters.taken.add()
    const unfit = reign.generation.put(open.content, input.name, frame, this.#bitsOf(reign, slot))
    if (unfit > 0) counters.unfit.add(unfit)
    this.#window.take(number, open)
    this.#window.turn(now)
  }

  /** By the clock: call it when {@link dueUs} says. */
  tick(now: Now): void {
    if (this.#settlesUs !== undefined && now.monotonicUs >= this.#settlesUs) this.#settle(now)
    this.#window.tick(now)
  }

  /** When it is to be called next, by the monotonic clock; undefined: nothing waits. */
  dueUs(now: Now): number | undefined {
    const due = this.#window.dueUs(now)
    if (this.#settlesUs === undefined) return due
    return Math.min(due ?? Number.POSITIVE_INFINITY, this.#settlesUs)
  }

  #settle(now: Now): void {
    this.#settlesUs = undefined
    const inputs = [...this.#inputs.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1))
    const members = inputs.flatMap(({ name, configuration, rules }) =>
      membersOf(name, configuration, rules, this.#settings.format),
    )
    if (members.length === 0) return
    const before = this.#reigns.at(-1)
    const from = Math.max(this.#newestSlot + 1, this.#window.next ?? Number.NEGATIVE_INFINITY)
    const aggregate = this.#aggregateOf(
      members.map(({ pmu }) => pmu),
      now,
    )
    if (!aggregate) return
    const configurations = new Map(inputs.map(({ name, configuration }) => [name, configuration]))
    const generation = new Generation(aggregate, members, configurations, this.#settings.format)
    const isIn = new Set(members.map(({ input }) => input))
    const within = inputs.filter(({ name }) => isIn.has(name))
    this.#reigns.push({ from, generation, inputs: within, isChange: before !== undefined })
    for (const input of within) input.number ??= this.#window.join(now)
    for (const input of before?.inputs ?? []) {
      if (within.includes(input) || input.number === undefined) continue
      this.#window.leave(input.number)
      input.number = undefined
    }
    this.#deps.log.info(
      { output: this.#settings.id, inputs: within.length, pmus: members.length },
      'the output has a configuration',
    )
  }

  /** `undefined`, and said, where it cannot be: the one before goes on. */
  #aggregateOf(pmus: Parameters<typeof aggregateOf>[0], { utcUs }: Now): Aggregate | undefined {
    const soc = Math.floor(utcUs / MICROSECONDS)
    try {
      return aggregateOf(pmus, this.#settings, { soc, fraction: 0 })
    } catch (error) {
      if (!(error instanceof PdcError)) throw error
      this.#deps.log.error({ output: this.#settings.id, error }, 'the output stays as it is: its inputs have no room')
      return undefined
    }
  }

  #reignOf(slot: number): Reign | undefined {
    for (let at = this.#reigns.length - 1; at >= 0; at--) {
      const reign = this.#reigns[at]!
      if (slot >= reign.from) return reign
    }
    return undefined
  }

  #bitsOf({ isChange, from }: Reign, slot: number): number {
    return isChange && (slot - from) * this.#grid.periodUs < CHANGE_US ? Stat.configurationChange : 0
  }

  #open(slot: number): Growing {
    if (slot > this.#newestSlot) this.#newestSlot = slot
    return (this.#reignOf(slot) ?? this.#reigns[0]!).generation.begin()
  }

  #release({ slot, content, present, count }: OpenSlot<Growing>): void {
    const { generation } = content
    const { soc, fraction } = this.#grid.timeOf(slot)
    const { inputs } = this.#reignOf(slot) ?? this.#reigns[0]!
    if (count === inputs.length) this.#counters.complete.add()
    else {
      ;(count === 0 ? this.#counters.empty : this.#counters.partial).add()
      for (const { number, counters } of inputs) {
        if (number === undefined || present[number] !== 1) counters.missed.add()
      }
    }
    if (this.#told !== generation) {
      this.#told = generation
      this.#deps.sink.configuration(generation.aggregate)
      while (this.#reigns.length > 1 && this.#reigns[0]!.generation !== generation) this.#reigns.shift()
    }
    this.#deps.sink.data(generation.seal(content, soc, fraction))
  }
}

function gridOf(dataRate: number, timeBase: number): SlotGrid {
  const grid = SlotGrid.of({ dataRate, timeBase })
  if (!grid)
    throw new PdcError(
      { code: 'PDC_NO_GRID', dataRate, timeBase },
      `no instants at DATA_RATE ${dataRate}, TIME_BASE ${timeBase}`,
    )
  return grid
}
