import { ContractError, nodeStateTopic, nodeTopic, parseNodeState } from '../streams/index.ts'
import type { Bus, Subscription } from './bus.ts'
import type { BusNode } from './node-presence.ts'

/**
 * Calls `wrong` when the node is said to be offline while it runs: the will of
 * a connection to another address, which that address gave up late.
 */
export function watchOwnState(node: BusNode, look: Bus['subscribe'], wrong: () => void): Subscription {
  return look(nodeStateTopic(nodeTopic(node)), (_topic, payload, retained) => {
    // What is retained is of before this connection, whose own word has followed it.
    if (!retained && payload.length > 0 && isOffline(payload)) wrong()
  })
}

function isOffline(payload: Uint8Array): boolean {
  try {
    return !parseNodeState(payload).online
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    return true
  }
}
