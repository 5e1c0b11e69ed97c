import { ContractError, parseStreamState } from '../streams/index.ts'

/** States of one stream remembered; more are not. */
const MAX_NODES = 16

/** Who else carries a stream, by the states that were heard of it. */
export class OtherCarriers {
  /** By node-id. */
  readonly #states = new Map<string, { readonly node: string; readonly online: boolean }>()

  heard(nodeId: string, payload: Uint8Array): void {
    if (payload.length === 0) {
      this.#states.delete(nodeId)
      return
    }
    if (this.#states.size >= MAX_NODES && !this.#states.has(nodeId)) return
    try {
      const { node, online } = parseStreamState(payload)
      this.#states.set(nodeId, { node, online })
    } catch (error) {
      // Whoever reads the stream counts it; it says nothing of who carries it.
      if (!(error instanceof ContractError)) throw error
    }
  }

  forget(): void {
    this.#states.clear()
  }

  get nodeIds(): string[] {
    return [...this.#states.keys()]
  }

  /** A state says that frames come by way of another node. */
  get isOnline(): boolean {
    return [...this.#states.values()].some(({ online }) => online)
  }

  /** Nodes whose state is offline: they carry it if they run. */
  get offlineNodes(): string[] {
    return [...this.#states.values()].flatMap(({ node, online }) => (online ? [] : [node]))
  }
}
