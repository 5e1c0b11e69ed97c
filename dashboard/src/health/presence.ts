/** Whether a stream is there, and who says so: as the contract has it, a node that is online says so, and frames come. Pure. */
import { type NodeState, reasonWords, type StreamState } from '../../../src/streams/index.ts'

export interface Presence {
  readonly kind: 'online' | 'silent' | 'offline' | 'unknown'
  readonly word: string
  /** Tells it besides the colour. */
  readonly shape: string
  /** Each node that carries it, in its words. */
  readonly says: readonly string[]
}

export interface Carried {
  /** By node-id. */
  readonly states: ReadonlyMap<string, StreamState>
  readonly isFlowing: boolean
  /** Frames of it are taken here; else what is said must do. */
  readonly isFollowed: boolean
  /** Why nothing can be said of it now. */
  readonly untold?: string | undefined
}

export function presenceOf(
  { states, isFlowing, isFollowed, untold }: Carried,
  nodes: ReadonlyMap<string, NodeState>,
): Presence {
  if (untold !== undefined) return { kind: 'unknown', word: 'not known', shape: '□', says: [untold] }
  const carriers = [...states].map(([id, state]) => carrierOf(id, state, nodes.get(state.node)))
  const says = carriers.map(({ text }) => text)
  const isSaid = carriers.some(({ isOnline }) => isOnline)
  if (isSaid && (isFlowing || !isFollowed)) return { kind: 'online', word: 'online', shape: '●', says }
  if (isSaid) return { kind: 'silent', word: 'no frames', shape: '◐', says }
  if (carriers.length > 0) return { kind: 'offline', word: 'offline', shape: '○', says }
  return isFlowing
    ? { kind: 'online', word: 'frames come', shape: '●', says: ['no node says that it carries it'] }
    : { kind: 'unknown', word: 'nobody carries it', shape: '□', says }
}

function carrierOf(id: string, { online, reason }: StreamState, node: NodeState | undefined) {
  if (node && !node.online)
    return {
      isOnline: false,
      text: `node ${id} is offline: ${node.reason === undefined ? 'no reason given' : reasonWords(node.reason)}`,
    }
  if (online) return { isOnline: true, text: `${id} says online` }
  return {
    isOnline: false,
    text: `${id} says offline: ${reason === undefined ? 'no reason given' : reasonWords(reason)}`,
  }
}
