import type { Log } from '../runtime/service.ts'
import { ContractError, meaningOf, parseNodeState } from '../streams/index.ts'
import type { Bus, Subscription } from './bus.ts'
import { type BusNode, nodeStateTopic } from './node-presence.ts'
import { retireStream } from './retire-stream.ts'

/** The broker has long sent what it retained. */
const LOOK_MS = 5000

/**
 * Retires the streams that an earlier run of this node published and this one
 * does not know: they were taken out of the grid while it was down. The node's
 * own retained state says which they were, also on brokers that give a wildcard
 * no retained messages.
 */
export function retireGhosts(bus: Bus, look: Bus['subscribe'], node: BusNode, log: Log): Subscription {
  const known = new Set(node.streams)
  const subscription = look(
    nodeStateTopic(node),
    (_topic, payload, retained) => {
      if (!retained || payload.length === 0) return
      for (const stream of earlierStreams(payload, log)) {
        if (known.has(stream)) continue
        known.add(stream)
        log.info({ stream, broker: bus.name }, 'retired a stream of an earlier run')
        retireStream(stream, bus)
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
