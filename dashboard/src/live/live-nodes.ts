/** The nodes of an area, as they tell themselves; bounded, whatever is published. */
import { type NodeState, parseNodeState } from '../../../src/streams/index.ts'
import { ToldStates } from './told-states.ts'

export const MAX_NODES = 256
/** Of the JSON of all nodes together; of one, the contract has 4 MiB. */
const MAX_ALL_BYTES = 32 * 2 ** 20
/** Offline for so long: another node may have its place. */
const GONE_MS = 600_000

interface Told {
  readonly bytes: number
  /** Of `performance.now()`; undefined while it is online. */
  readonly offlineMs: number | undefined
}

export class LiveNodes {
  /** By topic of the node. */
  readonly states = new ToldStates<NodeState>()
  readonly #told = new Map<string, Told>()
  #bytes = 0

  /** Throws where it cannot be read, or there is no place. Empty: it is none any more. */
  heard(node: string, payload: Uint8Array): void {
    if (payload.length === 0) {
      this.#remove(node)
      return
    }
    const state = parseNodeState(payload)
    const before = this.#told.get(node)
    if (!before && this.states.size >= MAX_NODES) this.#makePlace()
    if (this.#bytes - (before?.bytes ?? 0) + payload.length > MAX_ALL_BYTES)
      throw new Error('states of all nodes are more than 32 MiB')
    this.#bytes += payload.length - (before?.bytes ?? 0)
    const offlineMs = state.online ? undefined : (before?.offlineMs ?? performance.now())
    this.#told.set(node, { bytes: payload.length, offlineMs })
    this.states.set(node, state)
  }

  lost(): void {
    this.states.lost()
  }

  dropUnconfirmed(): void {
    for (const node of this.states.unconfirmed) this.#remove(node)
  }

  #makePlace(): void {
    const beforeMs = performance.now() - GONE_MS
    for (const [node, { offlineMs }] of this.#told) {
      if (offlineMs === undefined || offlineMs > beforeMs) continue
      this.#remove(node)
      return
    }
    throw new Error(`more than ${MAX_NODES} nodes`)
  }

  #remove(node: string): void {
    this.#bytes -= this.#told.get(node)?.bytes ?? 0
    this.#told.delete(node)
    this.states.delete(node)
  }
}
