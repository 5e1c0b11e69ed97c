import type { RevisedFrames } from '../streams/index.ts'

/** Frames of one node's journal that complete others, and are to be fetched. */
export interface Revision {
  readonly nodeId: string
  /** Under which name the journal replays them. */
  readonly stream: string
  readonly fromUs: number
  readonly toUs: number
}

/** Beyond it those of a node are joined, with what is between them. */
const MAX_TODO = 256

/** What PDCs have said anew of one stream, as far as it is still to be fetched: oldest announcement first. Bounded. */
export class Revisions {
  #todo: Revision[] = []
  /** By node: the name of its revised frames, and the number that was heard last. */
  readonly #heard = new Map<string, { readonly stream: string; readonly number: number }>()

  get isEmpty(): boolean {
    return this.#todo.length === 0
  }

  /** The oldest time of them. */
  get oldestUs(): number | undefined {
    return this.isEmpty ? undefined : Math.min(...this.#todo.map(({ fromUs }) => fromUs))
  }

  /** The first whose node can be asked; it is the first of all then. */
  next(isResting: (nodeId: string) => boolean): Revision | undefined {
    const at = this.#todo.findIndex(({ nodeId }) => !isResting(nodeId))
    if (at > 0) this.#todo.unshift(...this.#todo.splice(at, 1))
    return at < 0 ? undefined : this.#todo[0]
  }

  /** A node tells of them. Returns those that are news. */
  heard(nodeId: string, { stream, ranges }: RevisedFrames): readonly Revision[] {
    const known = this.#heard.get(nodeId)
    const last = ranges.at(-1)?.number ?? 0
    // Numbers that go back are those of another run.
    const since = known?.stream === stream && known.number <= last ? known.number : Number.NEGATIVE_INFINITY
    this.#heard.set(nodeId, { stream, number: last })
    const news = ranges
      .filter(({ number }) => number > since)
      .map(({ from_us: fromUs, to_us: toUs }) => ({ nodeId, stream, fromUs, toUs }))
    for (const revision of news) this.#add(revision)
    return news
  }

  left(nodeId: string): void {
    this.#heard.delete(nodeId)
    this.#todo = this.#todo.filter((revision) => revision.nodeId !== nodeId)
  }

  /** What is so old is given up; but for the first, which is under way. */
  forgetBefore(us: number): void {
    if (this.#todo.some(({ toUs }, at) => at > 0 && toUs < us))
      this.#todo = this.#todo.filter(({ toUs }, at) => at === 0 || toUs >= us)
  }

  /** Frames of this range came from the journals: whoever revised some of them has those, too. */
  filled(fromUs: number, toUs: number): void {
    for (const [nodeId, { stream }] of this.#heard) this.#add({ nodeId, stream, fromUs, toUs })
  }

  /** The first is fetched, or never will be. */
  done(): void {
    this.#todo.shift()
  }

  /** The others first. */
  later(): void {
    const first = this.#todo.shift()
    if (first) this.#todo.push(first)
  }

  #add(revision: Revision): void {
    const same = this.#todo.findIndex(
      (other, at) => at > 0 && other.nodeId === revision.nodeId && touches(other, revision),
    )
    if (same > 0) this.#todo[same] = joined(this.#todo[same]!, revision)
    else this.#todo.push(revision)
    if (this.#todo.length > MAX_TODO) this.#join()
  }

  /** But for the first, which is under way: one for each node. */
  #join(): void {
    const [first, ...others] = this.#todo
    const byNode = new Map<string, Revision>()
    for (const revision of others) {
      const known = byNode.get(revision.nodeId)
      byNode.set(revision.nodeId, known ? joined(known, revision) : revision)
    }
    this.#todo = [first!, ...byNode.values()]
  }
}

const touches = (one: Revision, other: Revision): boolean => one.fromUs <= other.toUs && other.fromUs <= one.toUs

const joined = (one: Revision, other: Revision): Revision => ({
  ...one,
  fromUs: Math.min(one.fromUs, other.fromUs),
  toUs: Math.max(one.toUs, other.toUs),
})
