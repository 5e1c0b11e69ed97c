/** Sets of journals that are told apart; of one more, the oldest is forgotten. */
const MAX_SETS = 16

interface Range {
  readonly fromUs: number
  readonly toUs: number
}

interface Heard extends Range {
  readonly nodeIds: ReadonlySet<string>
}

const nowhere: Range = { fromUs: Number.POSITIVE_INFINITY, toUs: Number.NEGATIVE_INFINITY }

/**
 * Times for which it was believed what the journals say, and which ones had
 * been heard then: one that is met later may have the frames. For each set of
 * journals from the first such time to the last, so that a journal that comes
 * and goes is asked for what it missed, and not for the same again.
 */
export class Explained {
  readonly #sets = new Map<string, Heard>()

  add(fromUs: number, toUs: number, nodeIds: ReadonlySet<string>): void {
    const key = [...nodeIds].toSorted().join()
    const range = hull(this.#sets.get(key) ?? nowhere, { fromUs, toUs })
    this.#sets.set(key, { ...range, nodeIds: new Set(nodeIds) })
    if (this.#sets.size > MAX_SETS) this.#sets.delete(this.#sets.keys().next().value!)
  }

  /** All that was explained without this journal; it counts as heard from here on. */
  without(nodeId: string): Range {
    let range = nowhere
    for (const [key, heard] of [...this.#sets]) {
      if (heard.nodeIds.has(nodeId)) continue
      range = hull(range, heard)
      this.#sets.delete(key)
      this.add(heard.fromUs, heard.toUs, new Set([...heard.nodeIds, nodeId]))
    }
    return range
  }
}

const hull = (one: Range, other: Range): Range => ({
  fromUs: Math.min(one.fromUs, other.fromUs),
  toUs: Math.max(one.toUs, other.toUs),
})
