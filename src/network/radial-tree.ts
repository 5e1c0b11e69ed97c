import type { Network } from './network.ts'
import { NetworkError } from './network-error.ts'

/**
 * What one source supplies, as a tree. A sweep goes along `order` (away from
 * the source) or back along it (towards the source).
 */
export interface RadialTree {
  /** Bus indexes, root first, every bus after the one that feeds it. */
  readonly order: Int32Array
  /** The feeding bus, by bus index; -1 for the root and for buses outside this tree. */
  readonly parent: Int32Array
  /** The feeding branch, by bus index; -1 likewise. */
  readonly feeder: Int32Array
}

/**
 * Everything `root` reaches over branches that are closed. Buses it does not
 * reach are no error here: a grid with an open breaker has one tree per source.
 * A loop is one, because a sweep has no answer for it.
 */
export function radialTree(network: Network, root: number, closed: Uint8Array = network.closed): RadialTree {
  const busCount = network.busNumbers.length
  const parent = new Int32Array(busCount).fill(-1)
  const feeder = new Int32Array(busCount).fill(-1)
  const reached = new Uint8Array(busCount)
  const order = [root]
  reached[root] = 1

  for (const bus of order) {
    for (let branch = 0; branch < network.from.length; branch++) {
      if (!closed[branch] || branch === feeder[bus]) continue
      const other = otherEnd(network, branch, bus)
      if (other === -1) continue
      if (reached[other]) throw loopAt(network, branch)
      reached[other] = 1
      parent[other] = bus
      feeder[other] = branch
      order.push(other)
    }
  }
  return { order: Int32Array.from(order), parent, feeder }
}

/** Throws unless the normally closed branches join every bus to the supply, without a loop. */
export function checkRadial(network: Network): RadialTree {
  const tree = radialTree(network, network.slack)
  if (tree.order.length < network.busNumbers.length) {
    const reached = new Set(tree.order)
    const buses = network.busNumbers.filter((_, index) => !reached.has(index))
    throw new NetworkError({ code: 'NETWORK_UNSUPPLIED', buses }, `no closed path from the supply to bus ${buses}`)
  }
  return tree
}

/** The bus at the other end of a branch; -1 when the branch does not end at `bus`. */
function otherEnd({ from, to }: Network, branch: number, bus: number): number {
  if (from[branch] === bus) return to[branch]!
  return to[branch] === bus ? from[branch]! : -1
}

function loopAt({ busNumbers, from, to }: Network, branch: number): NetworkError {
  const ends = { from: busNumbers[from[branch]!]!, to: busNumbers[to[branch]!]! }
  return new NetworkError({ code: 'NETWORK_LOOP', ...ends }, `branch ${ends.from}-${ends.to} closes a loop`)
}
