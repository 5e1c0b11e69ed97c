import { ContractError, meaningOf, nodeIdOf, nodeStateTopic, parseNodeState, stateTopic } from '../streams/index.ts'
import type { Bus } from './bus.ts'
import { OtherCarriers } from './other-carriers.ts'

/** A broker has sent what it retained by then. */
const RETAINED_MS = 1000
/** A node that carries a stream has said so anew by then: RabbitMQ gives a wildcard no retained messages. */
const HEARTBEAT_MS = 12_000

export interface Carriers {
  /** Another node says online of the stream, or is online itself. */
  readonly isCarried: boolean
  /** The other nodes that left a state of it. */
  readonly nodeIds: readonly string[]
}

/** Whether another node than `self` (a node topic) carries the stream, by what is retained of both. */
export async function findCarriers(stream: string, self: string, look: Bus['subscribe']): Promise<Carriers> {
  const others = new OtherCarriers()
  let isWildcardAnswered = false
  const subscription = look(stateTopic(stream, '+'), (topic, payload, retained) => {
    const meaning = meaningOf(topic)
    if (meaning?.kind !== 'state') return
    if (retained) isWildcardAnswered = true
    if (meaning.nodeId !== nodeIdOf(self)) others.heard(meaning.nodeId, payload)
  })
  await subscription.granted
  await pause(RETAINED_MS)
  if (!isWildcardAnswered) await pause(HEARTBEAT_MS)
  subscription.close()
  const isCarried = others.isOnline || (await anyOnline(others.offlineNodes, look))
  return { isCarried, nodeIds: others.nodeIds }
}

/** Whether one of these nodes is online. */
export async function anyOnline(nodes: readonly string[], look: Bus['subscribe']): Promise<boolean> {
  if (nodes.length === 0) return false
  const online = new Set<string>()
  const subscriptions = nodes.map((node) =>
    look(nodeStateTopic(node), (_topic, payload) => {
      if (saysOnline(payload)) online.add(node)
      else online.delete(node)
    }),
  )
  await Promise.all(subscriptions.map(({ granted }) => granted))
  await pause(RETAINED_MS)
  for (const subscription of subscriptions) subscription.close()
  return online.size > 0
}

function saysOnline(payload: Uint8Array): boolean {
  if (payload.length === 0) return false
  try {
    return parseNodeState(payload).online
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    return false
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref())
