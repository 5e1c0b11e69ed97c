import type { Feeder } from './feeder.ts'
import { NetworkError } from './network-error.ts'

/**
 * A feeder in per unit and in arrays, for the solver. Buses and branches are
 * addressed by index, in the order of the feeder. Immutable: what opens or
 * closes while a grid runs is said when its tree is built.
 */
export interface Network {
  readonly baseKv: number
  readonly baseMva: number
  /** Bus number by bus index. */
  readonly busNumbers: readonly number[]
  /** Bus index of the supply. */
  readonly slack: number
  /** Bus index at each end, by branch index. */
  readonly from: Int32Array
  readonly to: Int32Array
  /** Series impedance by branch index, per unit. */
  readonly r: Float64Array
  readonly x: Float64Array
  /** 1 where the branch is normally closed. */
  readonly closed: Uint8Array
  /** Load by bus index, per unit: the same number for three phases and for each of them. */
  readonly p: Float64Array
  readonly q: Float64Array
}

/** Phase-to-neutral base voltage in V. */
export const baseVolts = ({ baseKv }: Network): number => (baseKv * 1000) / Math.sqrt(3)

/** Base current in A, per phase. */
export const baseAmps = ({ baseKv, baseMva }: Network): number => (baseMva * 1000) / (Math.sqrt(3) * baseKv)

/** Base impedance in ohm. */
export const baseOhms = ({ baseKv, baseMva }: Network): number => baseKv ** 2 / baseMva

export function createNetwork(feeder: Feeder, baseMva = 1): Network {
  const indexes = new Map<number, number>()
  for (const { bus } of feeder.buses) {
    if (indexes.has(bus)) throw new NetworkError({ code: 'NETWORK_DUPLICATE_BUS', bus }, `bus ${bus} is listed twice`)
    indexes.set(bus, indexes.size)
  }
  const indexOf = (bus: number): number => {
    const index = indexes.get(bus)
    if (index === undefined) throw unknownBus(bus)
    return index
  }
  for (const { from, to, rOhm, xOhm } of feeder.branches) {
    if (from === to || !(rOhm >= 0 && xOhm >= 0 && rOhm + xOhm > 0)) {
      throw new NetworkError(
        { code: 'NETWORK_BAD_IMPEDANCE', from, to },
        `branch ${from}-${to} has no usable impedance`,
      )
    }
  }

  const ohms = feeder.baseKv ** 2 / baseMva
  const kva = baseMva * 1000
  return {
    baseKv: feeder.baseKv,
    baseMva,
    busNumbers: feeder.buses.map(({ bus }) => bus),
    slack: indexOf(feeder.slackBus),
    from: Int32Array.from(feeder.branches, ({ from }) => indexOf(from)),
    to: Int32Array.from(feeder.branches, ({ to }) => indexOf(to)),
    r: Float64Array.from(feeder.branches, ({ rOhm }) => rOhm / ohms),
    x: Float64Array.from(feeder.branches, ({ xOhm }) => xOhm / ohms),
    closed: Uint8Array.from(feeder.branches, ({ closed }) => (closed ? 1 : 0)),
    p: Float64Array.from(feeder.buses, ({ pKw }) => pKw / kva),
    q: Float64Array.from(feeder.buses, ({ qKvar }) => qKvar / kva),
  }
}

/** Index of a bus number. */
export function busIndex({ busNumbers }: Network, bus: number): number {
  const index = busNumbers.indexOf(bus)
  if (index === -1) throw unknownBus(bus)
  return index
}

/** Index of the branch between two bus numbers, whichever end is named first. */
export function branchIndex(network: Network, from: number, to: number): number {
  const a = busIndex(network, from)
  const b = busIndex(network, to)
  const found = network.from.findIndex(
    (end, branch) => (end === a && network.to[branch] === b) || (end === b && network.to[branch] === a),
  )
  if (found === -1) {
    throw new NetworkError({ code: 'NETWORK_UNKNOWN_BRANCH', from, to }, `no branch joins bus ${from} and bus ${to}`)
  }
  return found
}

function unknownBus(bus: number): NetworkError {
  return new NetworkError({ code: 'NETWORK_UNKNOWN_BUS', bus }, `the network has no bus ${bus}`)
}
