import type { Log } from '../runtime/service.ts'
import { ContractError, meaningOf, nodeStateTopic, nodeTopic, parseNodeState, stateTopic } from '../streams/index.ts'
import type { Bus, Subscription } from './bus.ts'
import { findCarriers } from './find-carriers.ts'
import type { BusNode } from './node-presence.ts'
import { clearRetained, retireStream } from './retire-stream.ts'

/** The broker has long sent what it retained. */
const LOOK_MS = 5000

/**
 * Retires the streams that an earlier run of this node published and this one
 * does not know: they were taken out of the grid while it was down. The node's
 * own retained state says which they were, also on brokers that give a wildcard
 * no retained messages. Of a stream that another node carries, only what this
 * node said of it is cleared.
 */
export function retireGhosts(bus: Bus, look: Bus['subscribe'], node: BusNode, log: Log): Subscription {
  const known = new Set(node.streams)
  const self = nodeTopic(node)
  const retire = async (stream: string): Promise<void> => {
    const { isCarried, nodeIds } = await findCarriers(stream, self, look)
    if (isCarried) {
      clearRetained([stateTopic(stream, node.nodeId)], bus)
      return
    }
    log.info({ stream, broker: bus.name }, 'retired a stream of an earlier run')
    retireStream(stream, [node.nodeId, ...nodeIds], bus)
  }
  const subscription = look(
    nodeStateTopic(self),
    (_topic, payload, retained) => {
      if (!retained || payload.length === 0) return
      for (const stream of earlierStreams(payload, log)) {
        if (known.has(stream)) continue
        known.add(stream)
        retire(stream).catch((error: unknown) =>
          log.warn({ stream, broker: bus.name, error }, 'cannot see who carries a stream of an earlier run'),
        )
      }
    },
    { onGranted: () => void setTimeout(() => subscription.close(), LOOK_MS).unref() },
  )
  return subscription
}

function earlierStreams(payload: Uint8Array, log: Log): readonly string[] {
  try {
    return parseNodeState(payload).streams.filter((stream) => meaningOf(stream)?.kind === 'frames')
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    log.warn(error.facts, 'cannot read the state an earlier run left')
    return []
  }
}
