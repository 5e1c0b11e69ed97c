import type { StreamState } from '../streams/index.ts'

/** Which instants of a stream are final, where it is that of a PDC: as its nodes say. */
export class Finals {
  /** By node. */
  readonly #us = new Map<string, number>()

  heard({ node, pdc }: StreamState): void {
    if (pdc?.final) this.#us.set(node, Date.parse(pdc.final) * 1000)
  }

  left(node: string): void {
    this.#us.delete(node)
  }

  /** By the node that is furthest: the more complete frame holds. `undefined` where none says so. */
  get latestUs(): number | undefined {
    return this.#us.size > 0 ? Math.max(...this.#us.values()) : undefined
  }
}
