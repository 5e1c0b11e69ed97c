const FIRST_REST_MS = 1000
const MAX_REST_MS = 10_000

interface Rest {
  untilMs: number
  lengthMs: number
}

/**
 * Nodes that did not answer, for all streams of a consumer: one that is away is
 * asked now and then, not by every stream in turn. Times are monotonic ms.
 */
export class JournalNodes {
  readonly #rests = new Map<string, Rest>()

  isResting(nodeId: string, nowMs: number): boolean {
    return nowMs < this.restsUntil(nodeId)
  }

  /** When it may be asked again; a time that is past where it may be now. */
  restsUntil(nodeId: string): number {
    return this.#rests.get(nodeId)?.untilMs ?? Number.NEGATIVE_INFINITY
  }

  /** It did not answer, or not as it must: it rests, longer each time. */
  failed(nodeId: string, nowMs: number): void {
    const rest = this.#rests.get(nodeId)
    // Requests that were under way together fail together.
    if (rest && nowMs < rest.untilMs) return
    const lengthMs = rest ? Math.min(MAX_REST_MS, 2 * rest.lengthMs) : FIRST_REST_MS
    this.#rests.set(nodeId, { untilMs: nowMs + lengthMs, lengthMs })
  }

  /** It answered, or was heard of. */
  isThere(nodeId: string): void {
    this.#rests.delete(nodeId)
  }

  /** The connection is a new one: who did not answer over the other may over this. */
  clear(): void {
    this.#rests.clear()
  }
}
