import type { StreamState } from '../streams/index.ts'

/** Nodes of one stream that are followed; a state of one more is refused. */
const MAX_NODES = 16

/** One stream as each of its nodes has it, by node-id. */
export class StreamStates {
  readonly #states = new Map<string, StreamState>()
  /** Known from a connection before this one. */
  readonly #unheard = new Set<string>()

  /** Node-ids. */
  get nodeIds(): string[] {
    return [...this.#states.keys()]
  }

  get size(): number {
    return this.#states.size
  }

  get(nodeId: string): StreamState | undefined {
    return this.#states.get(nodeId)
  }

  /** `false`: there are too many. */
  heard(nodeId: string, state: StreamState): boolean {
    if (this.#states.size >= MAX_NODES && !this.#states.has(nodeId)) return false
    this.#states.set(nodeId, state)
    this.#unheard.delete(nodeId)
    return true
  }

  delete(nodeId: string): void {
    this.#states.delete(nodeId)
    this.#unheard.delete(nodeId)
  }

  /** The connection is another one: what it does not say again is no more. */
  reconnected(): void {
    for (const nodeId of this.#states.keys()) this.#unheard.add(nodeId)
  }

  get unheard(): readonly string[] {
    return [...this.#unheard]
  }

  /**
   * `undefined` while a node says online that is not known to be offline;
   * otherwise why not, by the first of them. `nodeOffline` tells why a node is.
   */
  offline(nodeOffline: (node: string) => string | undefined): string | undefined {
    let reason: string | undefined
    for (const state of this.#states.values()) {
      const why = state.online ? nodeOffline(state.node) : (state.reason ?? 'offline')
      if (why === undefined) return undefined
      reason ??= why
    }
    return reason ?? 'no node carries it'
  }
}
