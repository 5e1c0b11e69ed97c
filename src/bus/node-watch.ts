import { ContractError, isNodeTopic, parseNodeState, stateTopic } from '../streams/index.ts'
import type { Bus, Subscription } from './bus.ts'

/** Nodes a stream's state may name; more are not followed. */
const MAX_NODES_PER_STREAM = 16

interface WatchedNode {
  readonly streams: Set<string>
  readonly subscription: Subscription
  /** `undefined` until its state was heard. */
  online: boolean | undefined
  reason: string | undefined
  /** Heard live over this connection: a retained state is older. */
  live: boolean
}

/** Follows the states of the nodes that carry streams: a node's will is how a killed process says goodbye. */
export class NodeWatch {
  readonly #bus: Bus
  readonly #onChange: (stream: string) => void
  readonly #onBadState: (node: string, error: ContractError) => void
  readonly #nodes = new Map<string, WatchedNode>()
  readonly #byStream = new Map<string, readonly string[]>()

  constructor(bus: Bus, onChange: (stream: string) => void, onBadState: (node: string, error: ContractError) => void) {
    this.#bus = bus
    this.#onChange = onChange
    this.#onBadState = onBadState
  }

  /** The nodes that now carry a stream; none forgets it. */
  carry(stream: string, nodes: readonly string[]): void {
    const before = this.#byStream.get(stream) ?? []
    const after = nodes.filter(isNodeTopic).slice(0, MAX_NODES_PER_STREAM)
    if (after.length === 0) this.#byStream.delete(stream)
    else this.#byStream.set(stream, after)
    for (const node of after) if (!before.includes(node)) this.#follow(node, stream)
    for (const node of before) if (!after.includes(node)) this.#leave(node, stream)
  }

  /** Why no node carries it, where all of them say they are offline; otherwise `undefined`. */
  allOffline(stream: string): string | undefined {
    const nodes = (this.#byStream.get(stream) ?? []).map((node) => this.#nodes.get(node))
    if (nodes.length === 0 || nodes.some((node) => node?.online !== false)) return undefined
    return nodes[0]?.reason ?? 'node offline'
  }

  close(): void {
    for (const { subscription } of this.#nodes.values()) subscription.close()
    this.#nodes.clear()
    this.#byStream.clear()
  }

  #follow(node: string, stream: string): void {
    const known = this.#nodes.get(node)
    if (known) {
      known.streams.add(stream)
      return
    }
    const subscription = this.#bus.subscribe(
      stateTopic(node),
      (_topic, payload, retained) => this.#heard(node, payload, retained),
      { onLost: () => this.#lost(node) },
    )
    const unknown = { online: undefined, reason: undefined, live: false }
    this.#nodes.set(node, { streams: new Set([stream]), subscription, ...unknown })
  }

  #leave(node: string, stream: string): void {
    const known = this.#nodes.get(node)
    if (!known?.streams.delete(stream) || known.streams.size > 0) return
    known.subscription.close()
    this.#nodes.delete(node)
  }

  #lost(node: string): void {
    const known = this.#nodes.get(node)
    if (known) known.live = false
  }

  #heard(node: string, payload: Uint8Array, retained: boolean): void {
    const known = this.#nodes.get(node)
    if (!known || (retained && known.live)) return
    known.live = !retained
    const state = payload.length === 0 ? { online: undefined, reason: undefined } : this.#parse(node, payload)
    if (!state) return
    known.online = state.online
    known.reason = state.reason
    for (const stream of known.streams) this.#onChange(stream)
  }

  #parse(node: string, payload: Uint8Array): { online: boolean; reason: string | undefined } | undefined {
    try {
      const { online, reason } = parseNodeState(payload)
      return { online, reason }
    } catch (error) {
      if (!(error instanceof ContractError)) throw error
      this.#onBadState(node, error)
      return undefined
    }
  }
}
