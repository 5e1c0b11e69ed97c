/**
 * One output of a PDC: the frames of its inputs, put together by their instants
 * (IEEE C37.247 clause 4.1 and 4.2). Synchronous; times come in.
 */
import { type Configuration, fractionOf, Stat, socOf } from '../c37118/index.ts'
import type { LateTaken } from '../recovery/index.ts'
import type { Log, Metrics } from '../runtime/service.ts'
import { MAX_MISSED, type PdcFigures, SlotGrid } from '../streams/index.ts'
import { type Aggregate, type AggregateSettings, aggregateOf } from './aggregate.ts'
import type { AlignmentWindow, Now, OpenSlot } from './alignment-window.ts'
import { ArrivalWindow } from './arrival-window.ts'
import type { BlockFormat } from './block-format.ts'
import { Generation, type Growing } from './generation.ts'
import type { InputBlocks } from './input-blocks.ts'
import { Latencies, type LatencyFigures } from './latencies.ts'
import { LatencyGauges } from './latency-gauges.ts'
import { type MemberRules, membersOf } from './members.ts'
import { type InputCounters, inputCounters, type OutputCounters, outputCounters } from './output-counters.ts'
import { type LatePart, OutputRevisions, type RevisionWays } from './output-revisions.ts'
import { PdcError } from './pdc-error.ts'
import { isAtInstant, type RatePlan, type RateSettings, ratedPmu, ratePlan } from './rate-plan.ts'
import { RatedInput } from './rated-input.ts'
import type { RatedSample } from './rated-sample.ts'
import { SlotWindow, type SlotWindowSettings } from './slot-window.ts'

export interface OutputSettings extends AggregateSettings, Omit<SlotWindowSettings, 'grid' | 'wait'> {
  /** For logs and metrics. */
  readonly id: string
  /** For the others of an instant, by the clock or since the first came; or for none: what came goes (STAT bit 12). */
  readonly wait: SlotWindowSettings['wait'] | 'arrival'
  /** Inputs that come or change within so long are one change of the configuration. */
  readonly settleUs: number
  readonly format?: BlockFormat
  /** For inputs of another rate. */
  readonly rates?: RateSettings
}

/** Where an output goes. Calls are synchronous; what is given may be kept. */
export interface OutputSink {
  /** Describes the frames that follow. */
  configuration(aggregate: Aggregate): void
  data(frame: Uint8Array): void
  /** Said of its stream from now on. */
  figures?(figures: PdcFigures): void
  /** Where frames go that are completed later; without it they are not. */
  readonly revisions?: RevisionWays
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
  /** What is done where it has another rate than the output, and who makes samples of it. */
  rate: RatePlan | undefined
  rated: RatedInput | undefined
  /** The same for what comes late, in runs of its own. */
  ratedLate: RatedInput | undefined
  /** In the window; undefined until it is in a configuration of the output. */
  number: number | undefined
  /** Where its blocks go, under the generation that was asked last. */
  generation: Generation | undefined
  blocks: InputBlocks | undefined
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
  readonly #window: AlignmentWindow<Growing>
  readonly #isByArrival: boolean
  readonly #counters: OutputCounters
  readonly #latencies = new Latencies()
  readonly #latencyGauges: LatencyGauges
  /** By the clock, of the call that is under way. */
  #utcUs = 0
  readonly #revisions: OutputRevisions | undefined
  readonly #inputs = new Map<string, OutputInput>()
  /** Those that are in the window, by their numbers there. */
  readonly #numbered = new Map<number, OutputInput>()
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
    this.#latencyGauges = new LatencyGauges(
      deps.metrics,
      'phasorbus_pdc_output_latency_seconds',
      'From an instant to its frame, over the last ten seconds.',
      { output: settings.id },
    )
    const { wait } = settings
    const hooks = {
      open: (slot: number) => this.#open(slot),
      release: (slot: OpenSlot<Growing>) => this.#release(slot),
      skipped: (slots: number) => this.#counters.skipped.add(slots),
      superseded: (input: number) => this.#numbered.get(input)?.counters.misplaced.superseded.add(),
    }
    this.#isByArrival = wait === 'arrival'
    const { sink, log, metrics } = deps
    this.#revisions =
      sink.revisions && !this.#isByArrival
        ? new OutputRevisions(sink.revisions, { output: settings.id, grid: this.#grid, log, metrics })
        : undefined
    this.#window =
      wait === 'arrival'
        ? new ArrivalWindow({ grid: this.#grid }, hooks)
        : new SlotWindow({ ...settings, wait, grid: this.#grid }, hooks)
  }

  /** What describes its frames; undefined before the first input. */
  get aggregate(): Aggregate | undefined {
    return this.#reigns.at(-1)?.generation.aggregate
  }

  /** An input is there, or has another configuration: of its frames from now on. */
  input(name: string, configuration: Configuration, rules: MemberRules, now: Now): OutputInput {
    const { dataRate, rates } = this.#settings
    const grid = gridOf(dataRate, configuration.timeBase)
    const rate = ratePlan(configuration.dataRate, dataRate, rates)
    const rated = ratedInput(configuration, rate, this.#grid)
    const ratedLate = ratedInput(configuration, rate, this.#grid)
    let input = this.#inputs.get(name)
    if (input) Object.assign(input, { configuration, grid, rate, rated, ratedLate })
    else {
      const counters = inputCounters(this.#deps.metrics, this.#settings.id, name)
      const none = { number: undefined, generation: undefined, blocks: undefined }
      input = { name, rules, configuration, grid, rate, rated, ratedLate, counters, ...none }
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

  /** A frame of an input, of the configuration that it has. `false`: that is not in this output's yet. The hot path. */
  frame(input: OutputInput, frame: Uint8Array, now: Now): boolean {
    const { grid, rate, rated } = input
    this.#utcUs = now.utcUs
    const soc = socOf(frame)
    const fraction = fractionOf(frame)
    const timeUs = soc * MICROSECONDS + (fraction * MICROSECONDS) / input.configuration.timeBase
    let isOf = true
    if (rated) this.#rated(input, rated, frame, timeUs, now)
    else {
      const slot = grid.slotOf(soc, fraction)
      if (rate && !isAtInstant(rate, timeUs, grid.microsecondsOf(slot))) {
        input.counters.misplaced.between.add()
        return true
      }
      isOf = this.#put(input, slot, timeUs, now, frame)
    }
    this.#window.turn(now)
    return isOf
  }

  /** It is known which instants have gone, and of which inputs it is made. */
  get isSettled(): boolean {
    return this.#window.next !== undefined && this.#settlesUs === undefined
  }

  /** Late frames that would be taken now. */
  get lateRoom(): number {
    return this.#revisions?.room ?? Number.POSITIVE_INFINITY
  }

  /**
   * A frame that was missed, or that completes one of a PDC: into its instant if
   * that has not gone, else into the frame that was said of it. `done` is called
   * once it is there. Says what became of it: `true`, it is done; `kept`, it will
   * be; or why not. Only while it {@link isSettled}.
   */
  late(input: OutputInput, frame: Uint8Array, now: Now, done: () => void): Exclude<LateTaken, false> {
    const next = this.#window.next ?? Number.POSITIVE_INFINITY
    const soc = socOf(frame)
    const fraction = fractionOf(frame)
    const slot = input.grid.slotOf(soc, fraction)
    if (slot >= next && !input.rated) {
      this.frame(input, frame, now)
      return true
    }
    const revisions = this.#revisions
    if (!revisions) return 'too-late'
    const timeUs = soc * MICROSECONDS + (fraction * MICROSECONDS) / input.configuration.timeBase
    const { rate, ratedLate } = input
    if (rate && !ratedLate && !isAtInstant(rate, timeUs, input.grid.microsecondsOf(slot))) return true
    const reign = this.#reigns.at(-1)
    const blocks = reign && blocksOf(input, reign.generation)
    if (!reign || blocks?.configuration !== input.configuration) return 'other-configuration'
    const add = (at: number, content: LatePart['content'], done: () => void): void =>
      revisions.add(at, reign.generation, { blocks, content, bits: this.#bitsOf(reign, at), done })
    if (!ratedLate) {
      add(slot, frame, done)
      return 'kept'
    }
    ratedLate.push(frame, timeUs, (at, sample) => {
      if (at < next) add(at, sample, nothing)
      else this.#put(input, at, this.#grid.microsecondsOf(at), now, sample)
    })
    this.#window.turn(now)
    return true
  }

  #rated(input: OutputInput, rated: RatedInput, frame: Uint8Array, timeUs: number, now: Now): void {
    const isNewer = rated.push(frame, timeUs, (slot, sample) => {
      this.#put(input, slot, this.#grid.microsecondsOf(slot), now, sample)
    })
    if (!isNewer) input.counters.misplaced.late.add()
  }

  /** Where it belongs: a frame of an input, or a sample of one that is rated. `false`: the output has not its configuration. */
  #put(input: OutputInput, own: number, timeUs: number, now: Now, content: Uint8Array | RatedSample): boolean {
    const { number, counters } = input
    const slot = this.#window.slotOf(own, now)
    const reign = this.#reignOf(slot)
    const blocks = reign && blocksOf(input, reign.generation)
    if (number === undefined || blocks?.configuration !== input.configuration) {
      counters.misplaced['other-configuration'].add()
      return false
    }
    const open = this.#window.place(number, slot, timeUs, now)
    if (typeof open === 'string') {
      counters.misplaced[open].add()
      return true
    }
    counters.taken.add()
    const unfit = reign!.generation.put(open.content, blocks, content, this.#bitsOf(reign!, slot))
    if (unfit > 0) counters.unfit.add(unfit)
    this.#window.take(number, open)
    return true
  }

  /** By the clock: call it when {@link dueUs} says. */
  tick(now: Now): void {
    this.#utcUs = now.utcUs
    if (this.#settlesUs !== undefined && now.monotonicUs >= this.#settlesUs) this.#settle(now)
    this.#window.tick(now)
  }

  /** When it is to be called next, by the monotonic clock; undefined: nothing waits. */
  dueUs(now: Now): number | undefined {
    const due = this.#window.dueUs(now)
    if (this.#settlesUs === undefined) return due
    return Math.min(due ?? Number.POSITIVE_INFINITY, this.#settlesUs)
  }

  /** Says how it does: call it every ten seconds. */
  tell(): void {
    const latency = this.#latencies.take()
    this.#latencyGauges.set(latency)
    const { complete, partial, empty } = this.#counters
    const { inputs = [], generation } = this.#reigns.at(-1) ?? {}
    const missed = inputs
      .map(({ name, counters }) => [name, counters.missed.value] as const)
      .filter(([, count]) => count > 0)
      .toSorted(([, one], [, other]) => other - one)
    this.#deps.sink.figures?.({
      inputs: inputs.length,
      pmus: generation?.aggregate.configuration.pmus.length ?? 0,
      frames: {
        complete: complete.value,
        partial: partial.value,
        empty: empty.value,
        revised: this.#revisions?.revised ?? 0,
      },
      latency_ms: latency ? millisecondsOf(latency) : null,
      missed: Object.fromEntries(missed.slice(0, MAX_MISSED)),
    })
  }

  close(): void {
    this.#revisions?.close()
  }

  #settle(now: Now): void {
    this.#settlesUs = undefined
    const inputs = [...this.#inputs.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1))
    const members = inputs.flatMap(({ name, configuration, rules, rate }) =>
      membersOf(name, configuration, rules, this.#settings.format).map((member) =>
        rate ? { ...member, pmu: ratedPmu(member.pmu, rate) } : member,
      ),
    )
    if (members.length === 0) return
    const before = this.#reigns.at(-1)
    const from = Math.max(this.#newestSlot + 1, this.#window.next ?? Number.NEGATIVE_INFINITY)
    const aggregate = this.#aggregateOf(
      members.map(({ pmu }) => pmu),
      now,
    )
    if (!aggregate) return
    const ways = inputs.map(
      ({ name, configuration, rated }) => [name, { configuration, isRated: rated !== undefined }] as const,
    )
    const generation = new Generation(aggregate, members, new Map(ways), this.#settings.format)
    const isIn = new Set(members.map(({ input }) => input))
    const within = inputs.filter(({ name }) => isIn.has(name))
    this.#counters.configurations.add()
    this.#reigns.push({ from, generation, inputs: within, isChange: before !== undefined })
    for (const input of within) {
      input.number ??= this.#window.join(now)
      this.#numbered.set(input.number, input)
    }
    const isWithin = new Set(within)
    for (const input of before?.inputs ?? []) {
      if (isWithin.has(input) || input.number === undefined) continue
      this.#window.leave(input.number)
      this.#numbered.delete(input.number)
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
    const sorting = this.#isByArrival ? Stat.sortedByArrival : 0
    return isChange && (slot - from) * this.#grid.periodUs < CHANGE_US ? sorting | Stat.configurationChange : sorting
  }

  #open(slot: number): Growing {
    if (slot > this.#newestSlot) this.#newestSlot = slot
    return (this.#reignOf(slot) ?? this.#reigns[0]!).generation.begin()
  }

  #release({ slot, content, present, count }: OpenSlot<Growing>): void {
    const { generation } = content
    const { soc, fraction } = this.#grid.timeOf(slot)
    this.#latencies.add(this.#utcUs - this.#grid.microsecondsOf(slot))
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

const millisecondsOf = ({ min, mean, p99, max }: LatencyFigures): LatencyFigures => ({
  min: round(min),
  mean: round(mean),
  p99: round(p99),
  max: round(max),
})
/** To hundredths of a millisecond. */
const round = (us: number): number => Math.round(us / 10) / 100

const nothing = (): void => {}

/** Remembered, for most frames are of the generation of those before. */
function blocksOf(input: OutputInput, generation: Generation): InputBlocks | undefined {
  if (input.generation !== generation) {
    input.generation = generation
    input.blocks = generation.blocksOf(input.name)
  }
  return input.blocks
}

function ratedInput(configuration: Configuration, rate: RatePlan | undefined, grid: SlotGrid): RatedInput | undefined {
  if (!rate || rate.method === 'reselect') return undefined
  return new RatedInput(configuration, rate.method, rate.from, grid)
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
