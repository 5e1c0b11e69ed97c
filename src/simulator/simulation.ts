import type { SimulationInput, SimulationSettings } from './config.ts'
import type { SimulatorEvent, SimulatorEventInput } from './events.ts'
import { expandFleet } from './fleet.ts'
import { Grid } from './grid.ts'
import type { GridEvent } from './grid-event.ts'
import { measuringPoints } from './measuring-point.ts'
import { parseEvent, parseSettings } from './parse-settings.ts'
import { Random } from './random.ts'
import { SimulatedPmu } from './simulated-pmu.ts'
import { SimulatorError } from './simulator-error.ts'
import { type Slot, slotsOfSecond } from './slots.ts'

/** Takes a frame of a PMU. It may keep the bytes: nobody writes to them again. */
export type FrameHandler = (pmu: SimulatedPmu, frame: Uint8Array) => void

/** Frames of one instant are cut from slabs of this size, so that one that is kept keeps little else. */
const SLAB_SIZE = 65_536

/** Stream of the grid's own randomness; PMUs have their IDCODE. */
const GRID_STREAM = 0

/**
 * A grid with PMUs, without sockets and without a clock: whoever drives it
 * says which instant comes next, and gets that instant's frames. Equal
 * settings, instants and events give equal bytes.
 */
export class Simulation {
  readonly settings: SimulationSettings
  readonly pmus: readonly SimulatedPmu[]
  /** The instants of each second, in order: what {@link run} is called for, one after the other. */
  readonly slots: readonly Slot[]

  readonly #grid: Grid
  readonly #pmusOfSlot: readonly (readonly SimulatedPmu[])[]
  #timeS = 0

  /** `startSoc` is only what configuration frames are stamped with. Throws {@link SimulatorError}. */
  constructor(input: SimulationInput, startSoc = 0) {
    const settings = parseSettings(input)
    this.settings = settings
    this.#grid = new Grid(settings.grid, new Random(settings.seed, GRID_STREAM))
    const pointOf = measuringPoints(this.#grid.network)
    const all = [...settings.pmus, ...(settings.fleet ? expandFleet(settings.fleet) : [])]
    checkIdcodes(all.map(({ idcode }) => idcode))
    this.pmus = all.map((pmu) => new SimulatedPmu(pmu, pointOf(pmu), settings, startSoc))
    this.slots = slotsOfSecond(this.pmus.map(({ rate }) => rate))
    const byRate = groupByRate(this.pmus)
    this.#pmusOfSlot = this.slots.map(({ rates }) => rates.flatMap((rate) => byRate.get(rate) ?? []))
    for (const event of settings.script) this.#place(event, event.at ?? 0)
  }

  /** Seconds after the start, of the last instant. */
  get timeS(): number {
    return this.#timeS
  }

  /** Power flows that did not settle; see {@link Grid.unsettled}. */
  get unsettled(): number {
    return this.#grid.unsettled
  }

  /** Frames of one second, all PMUs together. */
  get framesPerSecond(): number {
    return this.pmus.reduce((sum, { rate }) => sum + rate, 0)
  }

  /**
   * Makes the frames of slot `index` of second `second` of the simulation, which
   * is stamped with `soc`. Instants must not go back.
   */
  run(second: number, index: number, soc: number, onFrame: FrameHandler): void {
    const { fraction } = this.slots[index]!
    const state = this.#grid.advanceTo(second, fraction)
    this.#timeS = second + fraction
    const count = Math.round(fraction * this.settings.timeBase)
    const pmus = this.#pmusOfSlot[index]!

    let slab = new Uint8Array(0)
    let used = 0
    for (let i = 0; i < pmus.length; i++) {
      const pmu = pmus[i]!
      if (used + pmu.frameSize > slab.length) {
        slab = new Uint8Array(slabSize(pmus, i))
        used = 0
      }
      const frame = slab.subarray(used, used + pmu.frameSize)
      if (!pmu.measure(state, this.#timeS, soc, count, frame)) continue
      used += pmu.frameSize
      onFrame(pmu, frame)
    }
  }

  /**
   * Lets something happen: at `at` seconds after the start, or now, which is
   * from the next instant on. Throws {@link SimulatorError} for what cannot be.
   */
  trigger(input: SimulatorEventInput): SimulatorEvent {
    const event = parseEvent(input)
    this.#place(event, event.at ?? this.#timeS)
    return event
  }

  /** Ends everything that goes on. */
  endEvents(): void {
    this.#grid.endEvents(this.#timeS)
    for (const pmu of this.pmus) pmu.endEvents(this.#timeS)
  }

  #place(event: SimulatorEvent, startS: number): void {
    if (event.kind !== 'time-sync-loss' && event.kind !== 'pmu-fault') {
      this.#grid.add(event, startS)
      return
    }
    const pmu = this.pmus.find(({ idcode }) => idcode === event.pmu)
    if (!pmu) {
      const idcode = event.pmu
      throw new SimulatorError({ code: 'SIMULATOR_UNKNOWN_PMU', idcode }, `no simulated PMU has IDCODE ${idcode}`)
    }
    const nowhere: Omit<GridEvent, 'event' | 'startS' | 'endS'> = { bus: -1, branch: -1, shuntG: 0, shuntB: 0 }
    pmu.add({ ...nowhere, event, startS, endS: startS + event.durationS })
  }
}

/** Room for the frames from the i-th PMU on, as far as one slab goes. */
function slabSize(pmus: readonly SimulatedPmu[], from: number): number {
  let size = pmus[from]!.frameSize
  for (let i = from + 1; i < pmus.length && size + pmus[i]!.frameSize <= SLAB_SIZE; i++) size += pmus[i]!.frameSize
  return size
}

function groupByRate(pmus: readonly SimulatedPmu[]): Map<number, SimulatedPmu[]> {
  const groups = new Map<number, SimulatedPmu[]>()
  for (const pmu of pmus) {
    const group = groups.get(pmu.rate)
    if (group) group.push(pmu)
    else groups.set(pmu.rate, [pmu])
  }
  return groups
}

function checkIdcodes(idcodes: readonly number[]): void {
  const seen = new Set<number>()
  for (const idcode of idcodes) {
    if (seen.has(idcode)) {
      throw new SimulatorError({ code: 'SIMULATOR_DUPLICATE_IDCODE', idcode }, `two PMUs have IDCODE ${idcode}`)
    }
    seen.add(idcode)
  }
}
