import { nodeIdOf, type StreamState } from '../streams/index.ts'
import type { JournalNodes } from './journal-nodes.ts'

/** Nodes of one stream that are remembered; more are not asked. */
const MAX_NODES = 16

interface Journal {
  readonly nodeId: string
  /** Its source gives frames now. */
  online: boolean
}

/** The journals of one stream, by what its nodes' states say. */
export class Journals {
  readonly #nodes: JournalNodes
  /** By node topic. */
  readonly #journals = new Map<string, Journal>()
  #everHad = false

  constructor(nodes: JournalNodes) {
    this.#nodes = nodes
  }

  /** Some node said that it has one; it may be away now. */
  get everHad(): boolean {
    return this.#everHad
  }

  /** Says whether it is of a journal that was not among them. */
  heard({ node, online, journal }: StreamState): boolean {
    if (journal === null) {
      this.#journals.delete(node)
      return false
    }
    const nodeId = nodeIdOf(node)
    this.#nodes.isThere(nodeId)
    this.#everHad = true
    const known = this.#journals.get(node)
    if (known) known.online = online
    if (known || this.#journals.size >= MAX_NODES) return false
    this.#journals.set(node, { nodeId, online })
    return true
  }

  /** The node carries the stream no more. */
  left(node: string): void {
    this.#journals.delete(node)
  }

  /** All that must be heard before something is known to be nowhere. */
  get nodeIds(): string[] {
    return [...this.#journals.values()].map(({ nodeId }) => nodeId)
  }

  /** Whom to ask next, apart from `asked`: those that are online first, in the order they were met. */
  next(asked: ReadonlySet<string>, nowMs: number): string | undefined {
    let offline: string | undefined
    for (const { nodeId, online } of this.#journals.values()) {
      if (asked.has(nodeId) || this.#nodes.isResting(nodeId, nowMs)) continue
      if (online) return nodeId
      offline ??= nodeId
    }
    return offline
  }

  /** It did not answer, and is asked again later. */
  isResting(nodeId: string, nowMs: number): boolean {
    return this.#nodes.isResting(nodeId, nowMs)
  }

  /** When somebody may be asked again, if nobody may be now. */
  restUntil(nowMs: number): number | undefined {
    const untilMs = Math.min(...this.nodeIds.map((nodeId) => this.#nodes.restsUntil(nodeId)))
    return nowMs < untilMs && untilMs < Number.POSITIVE_INFINITY ? untilMs : undefined
  }

  answered(nodeId: string): void {
    this.#nodes.isThere(nodeId)
  }

  failed(nodeId: string, nowMs: number): void {
    this.#nodes.failed(nodeId, nowMs)
  }
}
