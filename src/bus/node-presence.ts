import { CONTRACT, type ConsumerAccounts, encodeState, type NodeIdentity } from '../streams/index.ts'

/** One phasorbus process on the bus: unique per broker, or the two would push each other off it. */
export interface BusNode extends NodeIdentity {
  /** Stream topics it publishes, for its next run to retire those that are gone. */
  readonly streams?: readonly string[]
  /** What its consumers account for, asked for whenever its state is published: see `announce`. */
  readonly consumers?: () => ConsumerAccounts
}

/** Since when it runs, and by which brokers it is reached. */
export interface NodePresence {
  readonly since: Date
  readonly brokers: readonly string[]
}

export function onlineNode({ streams = [], consumers }: BusNode, { since, brokers }: NodePresence): Uint8Array {
  const state = { contract: CONTRACT, online: true, since: since.toISOString(), brokers, streams } as const
  return encodeState(consumers === undefined ? state : { ...state, consumers: consumers() })
}

export function offlineNode({ streams = [] }: BusNode, { since, brokers }: NodePresence, reason: string): Uint8Array {
  return encodeState({ contract: CONTRACT, online: false, reason, since: since.toISOString(), brokers, streams })
}

/** MQTT gives its length two bytes. */
const MAX_WILL_BYTES = 65_535

/**
 * The connection's will. It names the streams, which it must not wipe from the
 * retained state; more than a will can hold (about 1,300) are left out, and are
 * not retired if the process dies and comes back without them.
 */
export function willOf(node: BusNode, presence: NodePresence): Uint8Array {
  const will = offlineNode(node, presence, 'connection lost')
  return will.length <= MAX_WILL_BYTES ? will : offlineNode({ ...node, streams: [] }, presence, 'connection lost')
}

/** The same in every run: a new connection ends the old one, whose will then comes before our own state. */
export function clientIdOf({ area, locationType, locationId, nodeId }: NodeIdentity, role?: string): string {
  return ['phasorbus', area, locationType, locationId, nodeId, ...(role === undefined ? [] : [role])].join('_')
}
