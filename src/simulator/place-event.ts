import { branchIndex, busIndex, type Network, NetworkError, type RadialTree } from '../network/index.ts'
import type { AreaSource } from './area.ts'
import type { SimulatorEvent } from './events.ts'
import type { GridEvent } from './grid-event.ts'
import { SimulatorError } from './simulator-error.ts'

/** Finds an event's place in the network; throws when the network has no such place. */
export function placeEvent(
  event: SimulatorEvent,
  startS: number,
  network: Network,
  tree: RadialTree,
  source: AreaSource,
): GridEvent {
  const bus = 'bus' in event && event.bus !== undefined ? findBus(network, event.bus) : -1
  const branch = event.kind === 'island' ? feedingBranch(network, tree, event.branch) : -1
  const isFault = event.kind === 'voltage-sag' && bus !== -1
  const shunt = isFault ? faultShunt(network, tree, source, bus, event.depth) : { g: 0, b: 0 }
  const endS = startS + (event.durationS ?? Number.POSITIVE_INFINITY)
  return { event, startS, endS, bus, branch, shuntG: shunt.g, shuntB: shunt.b }
}

export function findBus(network: Network, bus: number): number {
  try {
    return busIndex(network, bus)
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error
    throw new SimulatorError({ code: 'SIMULATOR_UNKNOWN_BUS', bus }, `the feeder has no bus ${bus}`, { cause: error })
  }
}

/** Index of a branch written FROM-TO. */
export function findBranch(network: Network, branch: string): number {
  const [from = 0, to = 0] = branch.split('-').map(Number)
  try {
    return branchIndex(network, from, to)
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error
    throw new SimulatorError({ code: 'SIMULATOR_UNKNOWN_BRANCH', branch }, `the feeder has no branch ${branch}`, {
      cause: error,
    })
  }
}

function feedingBranch(network: Network, tree: RadialTree, name: string): number {
  const branch = findBranch(network, name)
  if (!tree.feeder.includes(branch)) {
    throw new SimulatorError(
      { code: 'SIMULATOR_BRANCH_NOT_FEEDING', branch: name },
      `branch ${name} is a tie switch that is open already`,
    )
  }
  return branch
}

/**
 * The admittance that leaves 1 - depth of the voltage at a bus: it divides the
 * voltage with the impedance of the way there, and has that impedance's angle.
 */
function faultShunt(
  network: Network,
  tree: RadialTree,
  source: AreaSource,
  bus: number,
  depth: number,
): { readonly g: number; readonly b: number } {
  let { r, x } = source
  for (let at = bus; tree.parent[at] !== -1; at = tree.parent[at]!) {
    r += network.r[tree.feeder[at]!]!
    x += network.x[tree.feeder[at]!]!
  }
  const scale = depth / (1 - depth) / (r * r + x * x)
  return { g: r * scale, b: -x * scale }
}
