import type { StreamState } from '../streams/index.ts'
import { nodeIdOf } from '../streams/index.ts'

/** Nodes of one stream that are remembered; more are not asked. */
const MAX_NODES = 16
const FIRST_REST_MS = 1000
const MAX_REST_MS = 60_000

/** One node's journal of one stream. */
interface Journal {
  readonly nodeId: string
  /** Its source gives frames now. */
  online: boolean
  /** It did not answer: not asked again before this time. */
  restsUntilMs: number
  restMs: number
}

/** The journals of one stream, by what its nodes' states say. Times are monotonic milliseconds. */
export class Journals {
  /** By node topic. */
  readonly #journals = new Map<string, Journal>()

  #everHad = false

  /** Some node said that it has one; it may be away now. */
  get everHad(): boolean {
    return this.#everHad
  }

  /** Returns whether it is news: a journal that may have what no other had. */
  heard({ node, online, journal }: StreamState): boolean {
    if (journal === null) {
      this.#journals.delete(node)
      return false
    }
    const known = this.#journals.get(node)
    if (known) {
      const isBack = online && !known.online
      known.online = online
      if (isBack) known.restsUntilMs = known.restMs = 0
      return isBack
    }
    this.#everHad = true
    if (this.#journals.size >= MAX_NODES) return false
    this.#journals.set(node, { nodeId: nodeIdOf(node), online, restsUntilMs: 0, restMs: 0 })
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
    for (const { nodeId, online, restsUntilMs } of this.#journals.values()) {
      if (asked.has(nodeId) || nowMs < restsUntilMs) continue
      if (online) return nodeId
      offline ??= nodeId
    }
    return offline
  }

  answered(nodeId: string): void {
    const journal = this.#of(nodeId)
    if (journal) journal.restMs = journal.restsUntilMs = 0
  }

  /** It did not answer, or not as it must: it rests, longer each time. */
  failed(nodeId: string, nowMs: number): void {
    const journal = this.#of(nodeId)
    if (!journal) return
    journal.restMs = Math.min(MAX_REST_MS, Math.max(FIRST_REST_MS, 2 * journal.restMs))
    journal.restsUntilMs = nowMs + journal.restMs
  }

  /** The connection is a new one: whoever did not answer over the other may over this. */
  rested(): void {
    for (const journal of this.#journals.values()) journal.restMs = journal.restsUntilMs = 0
  }

  #of(nodeId: string): Journal | undefined {
    for (const journal of this.#journals.values()) if (journal.nodeId === nodeId) return journal
    return undefined
  }
}
