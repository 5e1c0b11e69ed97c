import { baseVolts, checkRadial, type Network, type RadialTree } from '../network/index.ts'
import type { PmuSettings } from './config.ts'
import { findBranch, findBus } from './place-event.ts'

/** Where a PMU's instrument transformers are, in the network's indexes. */
export interface MeasuringPoint {
  /** Bus index. */
  readonly bus: number
  /** Nominal voltage to neutral, V. */
  readonly nominalVolts: number
  readonly branches: readonly MeasuredBranch[]
}

export interface MeasuredBranch {
  /** As it was asked for: the current is positive from the first bus to the second. */
  readonly name: string
  /** Branch index. */
  readonly branch: number
  /** -1 where the feeder's own direction is the other one. */
  readonly sign: 1 | -1
  /** Current of the printed loads beyond it, A. */
  readonly ratedAmps: number
}

/** A transformer of less is not made. */
const LEAST_RATED_AMPS = 10

/** Finds PMUs their places in one network. */
export function measuringPoints(network: Network): (settings: PmuSettings) => MeasuringPoint {
  const tree = checkRadial(network)
  const nominalVolts = baseVolts(network)
  const ratedAmps = ratedBranchAmps(network, tree, nominalVolts)

  return ({ bus: number, branches }) => {
    const bus = findBus(network, number)
    const names = branches ?? [feedingBranchName(network, tree, bus)]
    return {
      bus,
      nominalVolts,
      branches: names.map((name) => {
        const branch = findBranch(network, name)
        const isForward = network.busNumbers[network.from[branch]!] === Number(name.split('-')[0])
        return { name, branch, sign: isForward ? 1 : -1, ratedAmps: ratedAmps[branch]! }
      }),
    }
  }
}

/** The branch that feeds a bus; at the supply, the first that leaves it. */
function feedingBranchName(network: Network, tree: RadialTree, bus: number): string {
  const isRoot = tree.feeder[bus] === -1
  const end = isRoot ? tree.order[1]! : bus
  return `${network.busNumbers[tree.parent[end]!]}-${network.busNumbers[end]}`
}

function ratedBranchAmps(network: Network, tree: RadialTree, nominalVolts: number): Float64Array {
  const p = network.p.slice()
  const q = network.q.slice()
  const amps = new Float64Array(network.from.length).fill(LEAST_RATED_AMPS)
  for (const bus of tree.order.toReversed()) {
    const branch = tree.feeder[bus]!
    if (branch === -1) continue
    const voltAmps = (Math.hypot(p[bus]!, q[bus]!) * network.baseMva * 1e6) / 3
    amps[branch] = Math.max(LEAST_RATED_AMPS, voltAmps / nominalVolts)
    p[tree.parent[bus]!]! += p[bus]!
    q[tree.parent[bus]!]! += q[bus]!
  }
  return amps
}
