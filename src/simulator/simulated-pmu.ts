import { type Configuration, compileEncoder, type DataColumns, type DataEncoder, Stat } from '../c37118/index.ts'
import { Component, DigitalBit, type PhasorPlan, planPhasors } from './channels.ts'
import type { PmuSettings, SimulationSettings } from './config.ts'
import type { GridEvent } from './grid-event.ts'
import type { GridState } from './grid-state.ts'
import type { MeasuringPoint } from './measuring-point.ts'
import { PmuClock } from './pmu-clock.ts'
import { encodePmuFrames, type PmuFrames, pmuConfiguration, stationName } from './pmu-configuration.ts'
import { faultStat, PmuFaults } from './pmu-faults.ts'
import { GAUSSIAN_MASK, GAUSSIAN_SHIFT, gaussianTable, Random } from './random.ts'
import { Trigger } from './trigger.ts'

const SQRT3_2 = Math.sqrt(3) / 2

/** Floats of the three phases of one group: (re, im) of a, b, c. */
const GROUP = 6

/**
 * One PMU: takes what its place in the grid shows at an instant, adds what its
 * instruments and its clock do to it, and writes a data frame. Sequence
 * phasors are made of the phases it measured (C. L. Fortescue, 1918). The
 * phasor is that of the instant: no estimation window is simulated.
 */
export class SimulatedPmu {
  readonly settings: PmuSettings
  readonly station: string
  readonly configuration: Configuration
  readonly frames: PmuFrames
  /** Bytes of a data frame. */
  readonly frameSize: number

  readonly #encoder: DataEncoder
  readonly #columns: DataColumns
  readonly #point: MeasuringPoint
  readonly #plan: readonly PhasorPlan[]
  readonly #nominalHz: number
  readonly #noise: SimulationSettings['noise']
  readonly #random: Random
  readonly #clock: PmuClock
  readonly #trigger: Trigger
  readonly #faults = new PmuFaults()
  /** Measured phases: voltage, then each branch. */
  readonly #phases: Float64Array

  constructor(settings: PmuSettings, point: MeasuringPoint, simulation: SimulationSettings, startSoc: number) {
    this.settings = settings
    this.station = stationName(settings)
    this.#point = point
    this.#plan = planPhasors(settings, point)
    this.configuration = pmuConfiguration(settings, simulation, this.#plan, startSoc)
    this.frames = encodePmuFrames(
      this.configuration,
      `phasorbus simulator: ${this.station}, bus ${settings.bus} of the 33-bus feeder of Baran and Wu, seed ${simulation.seed}`,
    )
    this.#encoder = compileEncoder(this.configuration)
    this.frameSize = this.#encoder.frameSize
    this.#columns = this.#encoder.createColumns()
    this.#nominalHz = simulation.grid.nominalHz
    this.#noise = simulation.noise
    this.#random = new Random(simulation.seed, settings.idcode)
    this.#clock = new PmuClock(simulation.version)
    this.#trigger = new Trigger(simulation.triggers)
    this.#phases = new Float64Array(GROUP * (1 + point.branches.length))
  }

  get idcode(): number {
    return this.settings.idcode
  }

  get rate(): number {
    return this.settings.rate
  }

  /** Takes what happens to this PMU alone. */
  add(event: GridEvent): void {
    if (event.event.kind === 'time-sync-loss') this.#clock.lose(event)
    else if (event.event.kind === 'pmu-fault') this.#faults.add(event)
  }

  endEvents(now: number): void {
    this.#clock.lock(now)
    this.#faults.clear(now)
  }

  /**
   * Writes the data frame of an instant into `target`, which has
   * {@link frameSize} bytes. False when the PMU is silent and nothing was written.
   */
  measure(state: GridState, t: number, soc: number, fraction: number, target: Uint8Array): boolean {
    const fault = this.#faults.at(t)
    if (fault === 'silent') return false
    this.#clock.read(t)
    const columns = this.#columns
    // A PMU in error goes on sending what it had last.
    if (fault !== 'error') this.#measure(state, t)
    columns.stat[0] = (columns.stat[0]! & TRIGGER_BITS) | faultStat(fault) | this.#clock.stat
    columns.soc = soc
    columns.fraction = fraction
    columns.timeQuality = this.#clock.timeQuality
    this.#encoder.encodeInto(columns, target)
    return true
  }

  #measure(state: GridState, t: number): void {
    const { bus, nominalVolts, branches } = this.#point
    const { phasorPercent, frequencyMhz, rocof } = this.#noise
    const columns = this.#columns
    const clock = this.#clock
    const deviation = state.deviationHz[bus]!
    // A slow clock measures late, when the phasor has turned on.
    const turn = 2 * Math.PI * (this.#nominalHz + deviation) * clock.errorS
    const cos = turn === 0 ? 1 : Math.cos(turn)
    const sin = turn === 0 ? 0 : Math.sin(turn)

    const sigma = phasorPercent / 100
    this.#readPhases(state.voltage, GROUP * bus, 0, cos, sin, sigma * nominalVolts)
    for (let i = 0; i < branches.length; i++) {
      const { branch, sign, ratedAmps } = branches[i]!
      this.#readPhases(state.current, GROUP * branch, GROUP * (i + 1), sign * cos, sign * sin, sigma * ratedAmps)
    }
    this.#writePhasors()

    const measuredDeviation =
      deviation + this.#nominalHz * clock.driftRate + (frequencyMhz / 1000) * this.#random.gaussian()
    const measuredRocof = state.rocof[bus]! + rocof * this.#random.gaussian()
    columns.freq[0] = this.#nominalHz + measuredDeviation
    columns.dfreq[0] = measuredRocof
    columns.stat[0] = this.#trigger.read(t, this.#positiveVoltage() / nominalVolts, measuredDeviation, measuredRocof)
    this.#writeAnalogs()
    this.#writeDigitals(state)
  }

  /** Three phases, turned by (cos, sin), with noise. */
  #readPhases(from: Float64Array, at: number, to: number, cos: number, sin: number, sigma: number): void {
    const phases = this.#phases
    for (let i = 0; i < GROUP; i += 2) {
      const re = from[at + i]!
      const im = from[at + i + 1]!
      const bits = this.#random.next()
      phases[to + i] = re * cos - im * sin + sigma * gaussianTable[bits & GAUSSIAN_MASK]!
      phases[to + i + 1] = re * sin + im * cos + sigma * gaussianTable[bits >>> GAUSSIAN_SHIFT]!
    }
  }

  #writePhasors(): void {
    const { polar } = this.settings.format
    const { phasors } = this.#columns
    for (let i = 0; i < this.#plan.length; i++) {
      const { group, component } = this.#plan[i]!
      this.#readComponent(GROUP * group, component)
      if (polar) {
        phasors[2 * i] = Math.sqrt(this.#re * this.#re + this.#im * this.#im)
        phasors[2 * i + 1] = Math.atan2(this.#im, this.#re)
      } else {
        phasors[2 * i] = this.#re
        phasors[2 * i + 1] = this.#im
      }
    }
  }

  /** Of the last {@link #readComponent}. */
  #re = 0
  #im = 0

  #readComponent(at: number, component: Component): void {
    const v = this.#phases
    if (component <= Component.c) {
      this.#re = v[at + 2 * component]!
      this.#im = v[at + 2 * component + 1]!
      return
    }
    const sumRe = v[at + 2]! + v[at + 4]!
    const sumIm = v[at + 3]! + v[at + 5]!
    if (component === Component.zero) {
      this.#re = (v[at]! + sumRe) / 3
      this.#im = (v[at + 1]! + sumIm) / 3
      return
    }
    // a = exp(j 120 degrees): aB + a2C = -(B + C)/2 + j sqrt(3)/2 (B - C), and the other way round.
    const turn = component === Component.positive ? SQRT3_2 : -SQRT3_2
    this.#re = (v[at]! - sumRe / 2 - turn * (v[at + 3]! - v[at + 5]!)) / 3
    this.#im = (v[at + 1]! - sumIm / 2 + turn * (v[at + 2]! - v[at + 4]!)) / 3
  }

  #positiveVoltage(): number {
    this.#readComponent(0, Component.positive)
    return Math.sqrt(this.#re * this.#re + this.#im * this.#im)
  }

  #writeAnalogs(): void {
    const { analogs } = this.settings
    const columns = this.#columns
    for (let i = 0; i < analogs.length; i++) {
      const symbol = analogs[i]!
      columns.analogs[i] =
        symbol === 'U' ? (100 * this.#positiveVoltage()) / this.#point.nominalVolts : this.#powerKilo(symbol === 'Q')
    }
  }

  /** kW or kvar of the first branch, with the phases as measured. */
  #powerKilo(isReactive: boolean): number {
    if (this.#point.branches.length === 0) return 0
    const v = this.#phases
    let sum = 0
    for (let i = 0; i < GROUP; i += 2) {
      const [vRe, vIm, iRe, iIm] = [v[i]!, v[i + 1]!, v[GROUP + i]!, v[GROUP + i + 1]!]
      sum += isReactive ? vIm * iRe - vRe * iIm : vRe * iRe + vIm * iIm
    }
    return sum / 1000
  }

  #writeDigitals(state: GridState): void {
    const columns = this.#columns
    if (columns.digitals.length === 0) return
    const first = this.#point.branches[0]
    columns.digitals[0] =
      (state.alive[this.#point.bus] ? DigitalBit.alive : 0) |
      (columns.stat[0] ? DigitalBit.trigger : 0) |
      (this.#clock.isLocked ? DigitalBit.locked : 0) |
      (first && state.closed[first.branch] ? DigitalBit.closed : 0)
  }
}

const TRIGGER_BITS = Stat.trigger | Stat.triggerReason
