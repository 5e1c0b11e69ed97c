/**
 * One output of a PDC: the frames of its inputs, put together by their instants
 * (IEEE C37.247 clause 4.1 and 4.2). Synchronous; times come in.
 */
import { type Configuration, framesPerSecond, Stat } from '../c37118/index.ts'
import { type LateTaken, timeUsOf } from '../recovery/index.ts'
import type { Log, Metrics } from '../runtime/service.ts'
import { type PdcFigures, SlotGrid } from '../streams/index.ts'
import type { Aggregate, AggregateSettings } from './aggregate.ts'
import type { AlignmentWindow, Now, OpenSlot } from './alignment-window.ts'
import { ArrivalWindow } from './arrival-window.ts'
import type { BlockFormat } from './block-format.ts'
import type { Generation, Growing } from './generation.ts'
import { Latencies } from './latencies.ts'
import { LatencyGauges } from './latency-gauges.ts'
import type { MemberRules } from './members.ts'
import { Membership } from './membership.ts'
import { type OutputCounters, outputCounters } from './output-counters.ts'
import { figuresOf, sumsOf, unusedOf } from './output-figures.ts'
import type { OutputInput } from './output-input.ts'
import { OutputRevisions, type RevisionWays } from './output-revisions.ts'
import { PdcError } from './pdc-error.ts'
import { isAtInstant, type RateSettings } from './rate-plan.ts'
import type { RatedInput } from './rated-input.ts'
import type { RatedSample } from './rated-sample.ts'
import { type Reign, Reigns } from './reigns.ts'
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

export interface AboutInput {
  /** Nothing of it before this time comes any more, nor is completed; `undefined` where nobody keeps account of it. */
  readonly finalUs: number | undefined
  /** Of its newest frame. */
  readonly newestUs: number
}

export interface OutputDeps {
  readonly sink: OutputSink
  /** What else is known of an input. */
  readonly about?: (input: string) => AboutInput
  /** What came for inputs and could not be used, by reason. */
  readonly errors?: () => Readonly<Record<string, number>>
  /** Late frames would be taken again. */
  readonly room?: () => void
  readonly log: Log
  readonly metrics: Metrics
}

const MICROSECONDS = 1_000_000
/** Samples come so much later out of a filter, or an interpolation, than the frame that they are made of. */
const RATED_PERIODS = 8
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
  readonly #members: Membership
  /** Those that are in the window, by their numbers there. */
  readonly #numbered = new Map<number, OutputInput>()
  readonly #reigns = new Reigns()
  /** That of the frame that went last. */
  #told: Generation | undefined
  #newestSlot = Number.NEGATIVE_INFINITY
  /** Of inputs that are gone. */
  #unused: Readonly<Record<string, number>> = {}
  /** When the inputs are taken as they then are. */
  #settlesUs: number | undefined

  constructor(settings: OutputSettings, deps: OutputDeps) {
    this.#settings = settings
    this.#deps = deps
    this.#grid = gridOf(settings.dataRate, settings.timeBase)
    this.#members = new Membership({ ...settings, grid: this.#grid }, deps)
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
      restarted: () => {
        this.#newestSlot = Number.NEGATIVE_INFINITY
        this.#reigns.restart()
      },
      superseded: (input: number) => this.#numbered.get(input)?.counters.misplaced.superseded.add(),
    }
    this.#isByArrival = wait === 'arrival'
    const { sink, log, metrics, room = nothing } = deps
    this.#revisions =
      sink.revisions && !this.#isByArrival
        ? new OutputRevisions(sink.revisions, {
            output: settings.id,
            grid: this.#grid,
            hasGone: (slot) => slot < (this.#window.next ?? Number.POSITIVE_INFINITY),
            room,
            log,
            metrics,
          })
        : undefined
    this.#window =
      wait === 'arrival'
        ? new ArrivalWindow({ grid: this.#grid }, hooks)
        : new SlotWindow({ ...settings, wait, grid: this.#grid }, hooks)
  }

  /** What describes its frames; undefined before the first input. */
  get aggregate(): Aggregate | undefined {
    return this.#reigns.last?.generation.aggregate
  }

  /**
   * An input is there, or has another configuration: of its frames from now on.
   * `undefined`, and said: nothing can be made of it.
   */
  input(name: string, configuration: Configuration, rules: MemberRules, now: Now): OutputInput | undefined {
    const input = this.#members.put(name, configuration, rules, now)
    if (input) this.#settlesUs ??= now.monotonicUs + this.#settings.settleUs
    else {
      const before = this.#members.get(name)
      if (before) this.gone(before, now)
    }
    return input
  }

  /** It is no input any more. */
  gone(input: OutputInput, now: Now): void {
    if (!this.#members.delete(input.name)) return
    this.#unused = sumsOf([this.#unused, unusedOf(input.counters)])
    this.away(input)
    this.#settlesUs ??= now.monotonicUs + this.#settings.settleUs
  }

  /** It is known to send nothing now: no instant waits for it. */
  away({ number }: OutputInput): void {
    if (number !== undefined) this.#window.away(number)
  }

  /** A frame of an input, of the configuration that it has. `false`: that is not in this output's yet. The hot path. */
  frame(input: OutputInput, frame: Uint8Array, now: Now): boolean {
    const { rate, rated } = input
    this.#utcUs = now.utcUs
    const timeUs = timeUsOf(frame, input.configuration.timeBase)
    let isOf = true
    if (rated) isOf = this.#rated(input, rated, frame, timeUs, now)
    else {
      const slot = this.#grid.slotNear(timeUs)
      if (rate && !isAtInstant(rate, timeUs, this.#grid.microsecondsOf(slot))) {
        input.counters.misplaced.between.add()
        return true
      }
      isOf = this.#put(input, slot, timeUs, now, frame)
    }
    this.#window.turn(now)
    return isOf
  }

  /** Of a late frame of this input it is not known yet what becomes of it: it has not begun, or settles. */
  mustWait(input: OutputInput): boolean {
    const { last } = this.#reigns
    if (!last) return this.#settlesUs !== undefined
    if (this.#settlesUs !== undefined && input.blocksOf(last.generation)?.configuration !== input.configuration) {
      return true
    }
    return this.#window.next === undefined
  }

  /** Late frames that would be taken now. */
  get lateRoom(): number {
    return this.#revisions?.room ?? Number.POSITIVE_INFINITY
  }

  /**
   * A frame that was missed, or that completes one of a PDC: into its instant if
   * that has not gone, else into the frame that was said of it. `done` is called
   * once it is there. Says what became of it: `true`, it is done; `kept`, it will
   * be; or why not. Only while it need not {@link mustWait wait}.
   */
  late(input: OutputInput, frame: Uint8Array, now: Now, done: () => void): Exclude<LateTaken, false> {
    const next = this.#window.next ?? Number.NEGATIVE_INFINITY
    const timeUs = timeUsOf(frame, input.configuration.timeBase)
    const slot = this.#grid.slotNear(timeUs)
    // One that is there already can only be completed, when it has gone.
    const isThere = input.number !== undefined && this.#window.has(input.number, slot)
    if (slot >= next && !input.rated && !isThere) {
      this.frame(input, frame, now)
      return true
    }
    if (!this.#revisions) return 'too-late'
    const { rate, ratedLate } = input
    if (ratedLate) {
      if (this.#isAbsurd(timeUs, now)) return 'too-late'
      ratedLate.push(frame, timeUs, (at, sample) => {
        if (at < next) this.#complete(input, at, sample, nothing)
        else this.#put(input, at, this.#grid.microsecondsOf(at), now, sample)
      })
      this.#window.turn(now)
      return true
    }
    if (rate && !isAtInstant(rate, timeUs, this.#grid.microsecondsOf(slot))) return true
    return this.#complete(input, slot, frame, done) ? 'kept' : 'other-configuration'
  }

  /** Into the frame that was said of an instant, by the configuration that it had then. `false`: the input had another. */
  #complete(input: OutputInput, slot: number, content: Uint8Array | RatedSample, done: () => void): boolean {
    const reign = this.#reigns.near(slot)
    const { name, configuration } = input
    if (reign.generation.blocksOf(name)?.configuration !== configuration) return false
    this.#revisions?.add(slot, reign.generation, {
      name,
      configuration,
      content,
      bits: this.#bitsOf(reign, slot),
      done,
    })
    return true
  }

  /** Further ahead than any instant of now. */
  #isAbsurd(timeUs: number, { utcUs }: Now): boolean {
    return timeUs > utcUs + this.#settings.leadUs
  }

  /** `false`: the output has not its configuration. What is stale or of the future makes no samples: they would be many. */
  #rated(input: OutputInput, rated: RatedInput, frame: Uint8Array, timeUs: number, now: Now): boolean {
    const { misplaced } = input.counters
    if (!this.#isByArrival && (this.#isAbsurd(timeUs, now) || timeUs < now.utcUs - this.#settings.staleUs)) {
      ;(timeUs > now.utcUs ? misplaced.future : misplaced.stale).add()
      return true
    }
    let isOf = true
    const isNewer = rated.push(frame, timeUs, (slot, sample) => {
      if (!this.#put(input, slot, this.#grid.microsecondsOf(slot), now, sample)) isOf = false
    })
    if (!isNewer) misplaced.late.add()
    return isOf
  }

  /** Where it belongs: a frame of an input, or a sample of one that is rated. `false`: the output has not its configuration. */
  #put(input: OutputInput, own: number, timeUs: number, now: Now, content: Uint8Array | RatedSample): boolean {
    const { number, counters } = input
    const slot = this.#window.slotOf(own, now)
    const reign = this.#reigns.of(slot)
    const blocks = reign && input.blocksOf(reign.generation)
    if (number === undefined || blocks?.configuration !== input.configuration) {
      counters.misplaced['other-configuration'].add()
      return false
    }
    const open = this.#window.place(number, slot, timeUs, now)
    if (typeof open === 'string') {
      counters.misplaced[open].add()
      // The frame is in our hands: nobody has to ask for it again.
      if (open === 'late' && (this.#revisions?.room ?? 0) > 0) this.#complete(input, slot, content, nothing)
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
    const { inputs = [], generation } = this.#reigns.last ?? {}
    this.#deps.sink.figures?.(
      figuresOf({
        inputs,
        pmus: generation?.aggregate.configuration.pmus.length ?? 0,
        counters: this.#counters,
        revised: this.#revisions?.revised ?? 0,
        latency,
        final: this.#final(inputs),
        unused: this.#unused,
        errors: this.#deps.errors?.() ?? {},
      }),
    )
  }

  /** What is before it has gone, its inputs are resolved, and it is completed. */
  #final(inputs: readonly OutputInput[]): string | null {
    const { next } = this.#window
    if (next === undefined) return null
    let us = this.#grid.microsecondsOf(next)
    // Without them nothing is completed: what has gone is final.
    if (this.#revisions) {
      const first = this.#revisions.firstSlot
      if (first < next) us = this.#grid.microsecondsOf(first)
      for (const input of inputs) us = Math.min(us, this.#finalOf(input))
    }
    return Number.isFinite(us) ? new Date(Math.floor(us / 1000)).toISOString() : null
  }

  #finalOf({ name, rated, configuration }: OutputInput): number {
    const about = this.#deps.about?.(name)
    if (!about) return Number.POSITIVE_INFINITY
    // Of a device what comes late is newer than what came, and no staler than is taken.
    const us = about.finalUs ?? Math.max(about.newestUs, this.#utcUs - this.#settings.staleUs)
    if (!rated) return us
    const periodUs = MICROSECONDS / framesPerSecond(configuration.dataRate)
    return us - RATED_PERIODS * Math.max(periodUs, this.#grid.periodUs)
  }

  close(): void {
    this.#revisions?.close()
  }

  #settle(now: Now): void {
    this.#settlesUs = undefined
    const before = this.#reigns.last
    const made = this.#members.make(before, now)
    if (!made) return
    const { generation, inputs, isChange } = made
    const from = Math.max(this.#newestSlot + 1, this.#window.next ?? Number.NEGATIVE_INFINITY)
    this.#counters.configurations.add()
    this.#reigns.begin({ from, generation, inputs, changedFrom: isChange ? from : before?.changedFrom })
    for (const input of inputs) {
      input.number ??= this.#window.join(now)
      this.#numbered.set(input.number, input)
    }
    const isWithin = new Set(inputs)
    for (const input of before?.inputs ?? []) {
      if (isWithin.has(input) || input.number === undefined) continue
      this.#window.leave(input.number)
      this.#numbered.delete(input.number)
      input.number = undefined
    }
    const pmus = generation.aggregate.configuration.pmus.length
    this.#deps.log.info({ output: this.#settings.id, inputs: inputs.length, pmus }, 'the output has a configuration')
  }

  #bitsOf({ changedFrom }: Reign, slot: number): number {
    const sorting = this.#isByArrival ? Stat.sortedByArrival : 0
    const isNew = changedFrom !== undefined && (slot - changedFrom) * this.#grid.periodUs < CHANGE_US
    return isNew ? sorting | Stat.configurationChange : sorting
  }

  #open(slot: number): Growing {
    if (slot > this.#newestSlot) this.#newestSlot = slot
    return this.#reigns.near(slot).generation.begin()
  }

  #release({ slot, content, present, count }: OpenSlot<Growing>): void {
    const { generation } = content
    const { soc, fraction } = this.#grid.timeOf(slot)
    this.#latencies.add(this.#utcUs - this.#grid.microsecondsOf(slot))
    const { inputs } = this.#reigns.near(slot)
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
    }
    this.#deps.sink.data(generation.seal(content, soc, fraction))
  }
}

const nothing = (): void => {}

function gridOf(dataRate: number, timeBase: number): SlotGrid {
  const grid = SlotGrid.of({ dataRate, timeBase })
  if (!grid)
    throw new PdcError(
      { code: 'PDC_NO_GRID', dataRate, timeBase },
      `no instants at DATA_RATE ${dataRate}, TIME_BASE ${timeBase}`,
    )
  return grid
}
