import type { Log } from '../runtime/service.ts'
import { ContractError, meaningOf, nodeTopic, parseNodeState, parseStreamState, stateTopic } from '../streams/index.ts'
import type { Bus, Subscription } from './bus.ts'
import { type BusNode, nodeStateTopic } from './node-presence.ts'
import { retireStream } from './retire-stream.ts'

/** The broker has long sent what it retained. */
const LOOK_MS = 5000
/** A stream without a state by then has none. */
const STATE_MS = 1000

/**
 * Retires the streams that an earlier run of this node published and this one
 * does not know: they were taken out of the grid while it was down. The node's
 * own retained state says which they were, also on brokers that give a wildcard
 * no retained messages. A stream that another node carries by now is left alone.
 */
export function retireGhosts(bus: Bus, look: Bus['subscribe'], node: BusNode, log: Log): Subscription {
  const known = new Set(node.streams)
  const retire = (stream: string): void => {
    log.info({ stream, broker: bus.name }, 'retired a stream of an earlier run')
    retireStream(stream, bus)
  }
  const subscription = look(
    nodeStateTopic(node),
    (_topic, payload, retained) => {
      if (!retained || payload.length === 0) return
      for (const stream of earlierStreams(payload, log)) {
        if (known.has(stream)) continue
        known.add(stream)
        unlessCarried(stream, { look, node, log, otherwise: () => retire(stream) })
      }
    },
    { onGranted: () => void setTimeout(() => subscription.close(), LOOK_MS).unref() },
  )
  return subscription
}

interface CarriedQuestion {
  readonly look: Bus['subscribe']
  readonly node: BusNode
  readonly log: Log
  readonly otherwise: () => void
}

/** By the stream's own retained state: `otherwise`, unless it names a node that is not this one. */
function unlessCarried(stream: string, { look, node, log, otherwise }: CarriedQuestion): void {
  const self = nodeTopic(node)
  let decided = false
  const decide = (carried: boolean): void => {
    if (decided) return
    decided = true
    subscription.close()
    if (!carried) otherwise()
  }
  const subscription = look(
    stateTopic(stream),
    (_topic, payload) => decide(nodesOf(payload, log).some((other) => other !== self)),
    { onGranted: () => void setTimeout(() => decide(false), STATE_MS).unref() },
  )
}

function nodesOf(payload: Uint8Array, log: Log): readonly string[] {
  if (payload.length === 0) return []
  try {
    return parseStreamState(payload).nodes
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    log.warn(error.facts, 'cannot read the state of a stream')
    return []
  }
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
