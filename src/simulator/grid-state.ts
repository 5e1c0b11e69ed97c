import { baseAmps, baseVolts, type Network, type PowerFlow } from '../network/index.ts'
import type { Area } from './area.ts'

const PHASE_SHIFT = (2 * Math.PI) / 3

/**
 * What every PMU of the grid could see at one instant: phasors as C37.118.1
 * defines them, rms, with the angle against a cosine of nominal frequency that
 * peaks at the UTC second. One is reused from instant to instant.
 */
export class GridState {
  /** V to neutral: (re, im) of phase a, b, c, by bus index. */
  readonly voltage: Float64Array
  /** A: (re, im) of phase a, b, c, by branch index, positive from its `from` to its `to`. */
  readonly current: Float64Array
  /** Hz above nominal, by bus index; 0 where there is no voltage. */
  readonly deviationHz: Float64Array
  /** Hz/s, by bus index. */
  readonly rocof: Float64Array
  /** 1 where a source supplies the bus. */
  readonly alive: Uint8Array
  /** 1 where a branch is closed. */
  readonly closed: Uint8Array

  readonly #volts: number
  readonly #amps: number

  constructor(network: Network) {
    const buses = network.busNumbers.length
    this.#volts = baseVolts(network)
    this.#amps = baseAmps(network)
    this.voltage = new Float64Array(6 * buses)
    this.current = new Float64Array(6 * network.from.length)
    this.deviationHz = new Float64Array(buses)
    this.rocof = new Float64Array(buses)
    this.alive = new Uint8Array(buses)
    this.closed = Uint8Array.from(network.closed)
  }

  /** Takes over the per-unit solutions of the three phases, `seconds` after the areas' last step. */
  read(areas: readonly Area[], flows: readonly PowerFlow[], closed: Uint8Array, seconds: number): void {
    this.closed.set(closed)
    this.current.fill(0)
    for (const area of areas) {
      const angle = area.swing.angleAfter(seconds)
      for (let phase = 0; phase < 3; phase++) this.#readPhase(area, flows[phase]!, phase, angle - PHASE_SHIFT * phase)
      const deviation = area.isDead ? 0 : area.swing.deviationAfter(seconds)
      const rocof = area.isDead ? 0 : area.swing.rocof
      for (const bus of area.tree.order) {
        this.deviationHz[bus] = deviation
        this.rocof[bus] = rocof
        this.alive[bus] = area.isDead ? 0 : 1
      }
    }
  }

  #readPhase({ tree }: Area, flow: PowerFlow, phase: number, angle: number): void {
    const { voltage, current } = this
    const cos = Math.cos(angle)
    const sin = Math.sin(angle)
    const { order, feeder } = tree
    for (let i = 0; i < order.length; i++) {
      const bus = order[i]!
      rotate(flow.voltage, 2 * bus, cos * this.#volts, sin * this.#volts, voltage, 6 * bus + 2 * phase)
      const branch = feeder[bus]!
      if (branch === -1) continue
      rotate(flow.current, 2 * branch, cos * this.#amps, sin * this.#amps, current, 6 * branch + 2 * phase)
    }
  }
}

function rotate(from: Float64Array, at: number, cos: number, sin: number, into: Float64Array, to: number): void {
  const re = from[at]!
  const im = from[at + 1]!
  into[to] = re * cos - im * sin
  into[to + 1] = re * sin + im * cos
}
