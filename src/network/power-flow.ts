/**
 * Backward/forward sweep for radial networks (D. Shirmohammadi et al., "A
 * compensation-based power flow method for weakly meshed distribution and
 * transmission networks", IEEE Trans. Power Systems 3(2), 1988), one phase, in
 * per unit, complex numbers as (re, im) pairs.
 *
 * The backward sweep here carries a Norton equivalent (current and admittance)
 * instead of a current alone: without shunts that is the classic sweep, and
 * with them the linear part is solved exactly, so that a bolted fault does not
 * make the iteration diverge.
 */
import type { Network } from './network.ts'
import type { RadialTree } from './radial-tree.ts'

/** What a solve starts from; everything per unit. Arrays are by bus index and stay the caller's. */
export interface Operation {
  /** Voltage behind the source impedance. */
  readonly sourceRe: number
  readonly sourceIm: number
  readonly sourceR: number
  readonly sourceX: number
  /** Constant-power load. */
  readonly p: Float64Array
  readonly q: Float64Array
  /** Shunt admittance to neutral: a fault, mostly. */
  readonly g: Float64Array
  readonly b: Float64Array
}

/**
 * Below this voltage a load is an impedance: no real load keeps its power
 * through a fault, and without this rule no solution exists there (OpenDSS has
 * the same one as Vminpu).
 */
export const CONSTANT_POWER_FLOOR_PU = 0.7

const RELAX_AFTER = 20

/** Holds the voltages and currents between solves: the next one starts from the last one's answer. */
export class PowerFlow {
  /** (re, im) by bus index. */
  readonly voltage: Float64Array
  /** (re, im) by branch index, positive from its `from` to its `to`. */
  readonly current: Float64Array
  /** What the source gave in the last solve. */
  sourceP = 0
  sourceQ = 0
  /** Of the last solve. */
  iterations = 0
  mismatch = 0

  readonly #network: Network
  readonly #injection: Float64Array
  readonly #admittance: Float64Array

  constructor(network: Network) {
    const busCount = network.busNumbers.length
    this.#network = network
    this.voltage = new Float64Array(2 * busCount)
    this.current = new Float64Array(2 * network.from.length)
    this.#injection = new Float64Array(2 * busCount)
    this.#admittance = new Float64Array(2 * busCount)
    for (let bus = 0; bus < busCount; bus++) this.voltage[2 * bus] = 1
  }

  /**
   * Solves what `tree` reaches; the other buses keep what they have. False when
   * the voltages still move by more than `tolerance` (pu) after `limit` rounds:
   * the load is then beyond what the network can carry, and the voltages are
   * the last iterate.
   */
  solve(tree: RadialTree, operation: Operation, tolerance = 1e-8, limit = 100): boolean {
    this.iterations = 0
    this.mismatch = Number.POSITIVE_INFINITY
    while (this.mismatch > tolerance && this.iterations < limit) {
      this.#loadBuses(tree, operation)
      this.#sweepBackward(tree)
      this.mismatch = this.#sweepForward(tree, operation)
      this.iterations++
    }
    return this.mismatch <= tolerance
  }

  /** Nothing feeds these buses: no voltage, no current. */
  clear(tree: RadialTree): void {
    for (const bus of tree.order) {
      this.voltage[2 * bus] = 0
      this.voltage[2 * bus + 1] = 0
      const branch = tree.feeder[bus]!
      if (branch === -1) continue
      this.current[2 * branch] = 0
      this.current[2 * branch + 1] = 0
    }
    this.sourceP = 0
    this.sourceQ = 0
  }

  /** Each bus as a Norton equivalent at the present voltage. */
  #loadBuses({ order }: RadialTree, { p, q, g, b }: Operation): void {
    const { voltage } = this
    const injection = this.#injection
    const admittance = this.#admittance
    for (let i = 0; i < order.length; i++) {
      const bus = order[i]!
      const re = voltage[2 * bus]!
      const im = voltage[2 * bus + 1]!
      const square = re * re + im * im
      let shuntG = g[bus]!
      let shuntB = b[bus]!
      let loadRe = 0
      let loadIm = 0
      if (square < CONSTANT_POWER_FLOOR_PU ** 2) {
        shuntG += p[bus]! / CONSTANT_POWER_FLOOR_PU ** 2
        shuntB -= q[bus]! / CONSTANT_POWER_FLOOR_PU ** 2
      } else {
        loadRe = (p[bus]! * re + q[bus]! * im) / square
        loadIm = (p[bus]! * im - q[bus]! * re) / square
      }
      injection[2 * bus] = loadRe
      injection[2 * bus + 1] = loadIm
      admittance[2 * bus] = shuntG
      admittance[2 * bus + 1] = shuntB
    }
  }

  /** Folds every bus into the one that feeds it: Y/(1 + zY) and I/(1 + zY). */
  #sweepBackward({ order, parent, feeder }: RadialTree): void {
    const { r, x } = this.#network
    const injection = this.#injection
    const admittance = this.#admittance
    for (let i = order.length - 1; i > 0; i--) {
      const bus = order[i]!
      const into = parent[bus]!
      const branch = feeder[bus]!
      const yRe = admittance[2 * bus]!
      const yIm = admittance[2 * bus + 1]!
      const iRe = injection[2 * bus]!
      const iIm = injection[2 * bus + 1]!
      if (yRe === 0 && yIm === 0) {
        injection[2 * into]! += iRe
        injection[2 * into + 1]! += iIm
        continue
      }
      const dRe = 1 + r[branch]! * yRe - x[branch]! * yIm
      const dIm = r[branch]! * yIm + x[branch]! * yRe
      const scale = 1 / (dRe * dRe + dIm * dIm)
      admittance[2 * into]! += (yRe * dRe + yIm * dIm) * scale
      admittance[2 * into + 1]! += (yIm * dRe - yRe * dIm) * scale
      injection[2 * into]! += (iRe * dRe + iIm * dIm) * scale
      injection[2 * into + 1]! += (iIm * dRe - iRe * dIm) * scale
    }
  }

  /** Voltages and currents away from the source; returns the largest change of a voltage. */
  #sweepForward({ order, parent, feeder }: RadialTree, operation: Operation): number {
    const { r, x, to } = this.#network
    const { voltage, current } = this
    const injection = this.#injection
    const admittance = this.#admittance
    // Where the plain iteration swings around its answer, half a step at a time finds it.
    const step = this.iterations < RELAX_AFTER ? 1 : 0.5
    let largest = 0

    for (let i = 0; i < order.length; i++) {
      const bus = order[i]!
      const branch = feeder[bus]!
      const isRoot = branch === -1
      const upRe = isRoot ? operation.sourceRe : voltage[2 * parent[bus]!]!
      const upIm = isRoot ? operation.sourceIm : voltage[2 * parent[bus]! + 1]!
      const zr = isRoot ? operation.sourceR : r[branch]!
      const zx = isRoot ? operation.sourceX : x[branch]!

      const yRe = admittance[2 * bus]!
      const yIm = admittance[2 * bus + 1]!
      const iRe = injection[2 * bus]!
      const iIm = injection[2 * bus + 1]!
      // V = (V_up - z I) / (1 + z Y)
      const nRe = upRe - (zr * iRe - zx * iIm)
      const nIm = upIm - (zr * iIm + zx * iRe)
      const dRe = 1 + zr * yRe - zx * yIm
      const dIm = zr * yIm + zx * yRe
      const scale = 1 / (dRe * dRe + dIm * dIm)
      const changeRe = (nRe * dRe + nIm * dIm) * scale - voltage[2 * bus]!
      const changeIm = (nIm * dRe - nRe * dIm) * scale - voltage[2 * bus + 1]!
      const re = voltage[2 * bus]! + step * changeRe
      const im = voltage[2 * bus + 1]! + step * changeIm
      voltage[2 * bus] = re
      voltage[2 * bus + 1] = im
      largest = Math.max(largest, Math.abs(changeRe), Math.abs(changeIm))

      const inRe = iRe + yRe * re - yIm * im
      const inIm = iIm + yRe * im + yIm * re
      if (isRoot) {
        this.sourceP = re * inRe + im * inIm
        this.sourceQ = im * inRe - re * inIm
      } else {
        const sign = to[branch] === bus ? 1 : -1
        current[2 * branch] = sign * inRe
        current[2 * branch + 1] = sign * inIm
      }
    }
    return largest
  }
}
