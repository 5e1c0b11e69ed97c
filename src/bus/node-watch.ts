import { ContractError, nodeStateTopic, parseNodeState } from '../streams/index.ts'
import type { Bus, Subscription } from './bus.ts'

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

  constructor(bus: Bus, onChange: (stream: string) => void, onBadState: (node: string, error: ContractError) => void) {
    this.#bus = bus
    this.#onChange = onChange
    this.#onBadState = onBadState
  }

  /** The node carries the stream. Cheap to say again. */
  follow(node: string, stream: string): void {
    const known = this.#nodes.get(node)
    if (known) {
      known.streams.add(stream)
      return
    }
    const subscription = this.#bus.subscribe(
      nodeStateTopic(node),
      (_topic, payload, retained) => this.#heard(node, payload, retained),
      { onLost: () => this.#lost(node) },
    )
    const unknown = { online: undefined, reason: undefined, live: false }
    this.#nodes.set(node, { streams: new Set([stream]), subscription, ...unknown })
  }

  /** It does so no more. */
  leave(node: string, stream: string): void {
    const known = this.#nodes.get(node)
    if (!known?.streams.delete(stream) || known.streams.size > 0) return
    known.subscription.close()
    this.#nodes.delete(node)
  }

  /** Why the node is offline, where it says so; otherwise `undefined`. */
  offline(node: string): string | undefined {
    const known = this.#nodes.get(node)
    return known?.online === false ? (known.reason ?? 'node offline') : undefined
  }

  close(): void {
    for (const { subscription } of this.#nodes.values()) subscription.close()
    this.#nodes.clear()
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
