import { CONTRACT, encodeState, type NodeIdentity, nodeTopic, stateTopic } from '../streams/index.ts'

/** One phasorbus process on the bus: unique per broker, or the two would push each other off it. */
export interface BusNode extends NodeIdentity {
  /** Stream topics it publishes, for its next run to retire those that are gone. */
  readonly streams?: readonly string[]
}

export const nodeStateTopic = (node: NodeIdentity): string => stateTopic(nodeTopic(node))

export function onlineNode({ streams = [] }: BusNode, since: Date): Uint8Array {
  return encodeState({ contract: CONTRACT, online: true, since: since.toISOString(), streams })
}

/** Also the connection's will: it names the streams, which the will must not wipe from the retained state. */
export function offlineNode({ streams = [] }: BusNode, since: Date, reason: string): Uint8Array {
  return encodeState({ contract: CONTRACT, online: false, reason, since: since.toISOString(), streams })
}

/** The same in every run: a new connection ends the old one, whose will then comes before our own state. */
export function clientIdOf(node: NodeIdentity): string {
  return `phasorbus_${node.area}_${node.locationType}_${node.locationId}_${node.nodeId}`
}
