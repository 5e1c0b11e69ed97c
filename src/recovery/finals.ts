import type { StreamState } from '../streams/index.ts'

/** Which instants of a stream are final, where it is that of a PDC: as its nodes say that complete it. */
export class Finals {
  /** By node; `us` is undefined as long as it has not said. */
  readonly #nodes = new Map<string, { readonly isOnline: boolean; readonly us: number | undefined }>()

  heard({ node, online, journal, pdc }: StreamState): void {
    // Who keeps no journal completes nothing.
    if (journal === null || (!pdc && !journal.revised)) {
      this.#nodes.delete(node)
      return
    }
    const us = pdc?.final ? Date.parse(pdc.final) * 1000 : this.#nodes.get(node)?.us
    this.#nodes.set(node, { isOnline: online, us })
  }

  /**
   * The one that is furthest behind of those that are online, for it may complete
   * more; if none is, the one that was furthest. Infinite where nobody completes
   * anything; minus infinity where none has said yet.
   */
  get latestUs(): number {
    const all = [...this.#nodes.values()]
    if (all.length === 0) return Number.POSITIVE_INFINITY
    const said = all.filter((node): node is { isOnline: boolean; us: number } => node.us !== undefined)
    const online = said.filter(({ isOnline }) => isOnline).map(({ us }) => us)
    if (online.length > 0) return Math.min(...online)
    return Math.max(Number.NEGATIVE_INFINITY, ...said.map(({ us }) => us))
  }
}
