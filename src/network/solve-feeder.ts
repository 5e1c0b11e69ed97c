import type { Feeder } from './feeder.ts'
import { createNetwork } from './network.ts'
import { NetworkError } from './network-error.ts'
import { PowerFlow } from './power-flow.ts'
import { checkRadial } from './radial-tree.ts'

/** A feeder's steady state, balanced, in the units its publications use. */
export interface FeederSolution {
  readonly lossKw: number
  readonly lossKvar: number
  /** What the supply delivers: all loads and all losses. */
  readonly sourceKw: number
  readonly sourceKvar: number
  readonly voltages: readonly { readonly bus: number; readonly pu: number; readonly degrees: number }[]
  readonly iterations: number
}

/** Solves a feeder once, with its printed loads and `sourcePu` held at the supply. */
export function solveFeeder(feeder: Feeder, sourcePu = 1): FeederSolution {
  const network = createNetwork(feeder)
  const tree = checkRadial(network)
  const flow = new PowerFlow(network)
  const none = new Float64Array(network.busNumbers.length)
  const { p, q } = network
  const supply = { sourceRe: sourcePu, sourceIm: 0, sourceR: 0, sourceX: 0 }
  if (!flow.solve(tree, { ...supply, p, q, g: none, b: none }, 1e-12)) {
    const { iterations, mismatch } = flow
    throw new NetworkError({ code: 'POWER_FLOW_DIVERGED', iterations, mismatch }, 'the load is beyond the feeder')
  }

  let lossP = 0
  let lossQ = 0
  for (const bus of tree.order.subarray(1)) {
    const branch = tree.feeder[bus]!
    const square = flow.current[2 * branch]! ** 2 + flow.current[2 * branch + 1]! ** 2
    lossP += square * network.r[branch]!
    lossQ += square * network.x[branch]!
  }
  const kva = network.baseMva * 1000
  return {
    lossKw: lossP * kva,
    lossKvar: lossQ * kva,
    sourceKw: flow.sourceP * kva,
    sourceKvar: flow.sourceQ * kva,
    voltages: network.busNumbers.map((bus, i) => ({
      bus,
      pu: Math.hypot(flow.voltage[2 * i]!, flow.voltage[2 * i + 1]!),
      degrees: (Math.atan2(flow.voltage[2 * i + 1]!, flow.voltage[2 * i]!) * 180) / Math.PI,
    })),
    iterations: flow.iterations,
  }
}
