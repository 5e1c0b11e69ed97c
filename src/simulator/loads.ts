import type { Network } from '../network/index.ts'
import type { Random } from './random.ts'

export interface LoadSettings {
  /** Standard deviation of a bus's load over its printed value. */
  readonly wander: number
  /** Time in which a load forgets where it was. */
  readonly wanderS: number
  /** Standard deviation, over buses, of what a phase has more than a third. */
  readonly unbalance: number
}

/**
 * The printed loads, alive: each bus wanders around its value as an
 * Ornstein-Uhlenbeck process, and shares its load among the phases unevenly.
 */
export class WanderingLoads {
  readonly #network: Network
  readonly #random: Random
  readonly #wander: Float64Array
  readonly #share: readonly Float64Array[]
  readonly #keep: number
  readonly #kick: number

  constructor(network: Network, { wander, wanderS, unbalance }: LoadSettings, stepS: number, random: Random) {
    const buses = network.p.length
    this.#network = network
    this.#random = random
    this.#keep = Math.exp(-stepS / wanderS)
    this.#kick = wander * Math.sqrt(1 - this.#keep ** 2)
    this.#wander = new Float64Array(buses).fill(1)
    for (let bus = 0; bus < buses; bus++) this.#wander[bus]! += wander * random.gaussian()
    this.#share = unevenShares(buses, unbalance, random)
  }

  /** One step on. */
  advance(): void {
    for (let bus = 0; bus < this.#wander.length; bus++) {
      const off = this.#wander[bus]! - 1
      this.#wander[bus] = 1 + this.#keep * off + this.#kick * this.#random.gaussian()
    }
  }

  /** Writes the loads of one phase (0, 1 or 2) by bus index, per unit. */
  read(phase: number, p: Float64Array, q: Float64Array): void {
    const share = this.#share[phase]!
    for (let bus = 0; bus < p.length; bus++) {
      const factor = this.#wander[bus]! * share[bus]!
      p[bus] = this.#network.p[bus]! * factor
      q[bus] = this.#network.q[bus]! * factor
    }
  }
}

/** Per phase and bus, around 1; the three of a bus have the mean 1. */
function unevenShares(buses: number, unbalance: number, random: Random): readonly Float64Array[] {
  const shares = [0, 1, 2].map(() => new Float64Array(buses))
  for (let bus = 0; bus < buses; bus++) {
    const drawn = [random.gaussian(), random.gaussian(), random.gaussian()]
    const mean = (drawn[0]! + drawn[1]! + drawn[2]!) / 3
    for (const [phase, share] of shares.entries()) share[bus] = 1 + unbalance * (drawn[phase]! - mean)
  }
  return shares
}
