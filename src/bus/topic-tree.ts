const PAUSE_EVERY = 1024

/** A level of topics, and what begins with it. */
interface Node<T> {
  /** Of the topic that ends here. */
  value: T | undefined
  next: Map<string, Node<T>> | undefined
}

/**
 * Values by topic, as a tree of levels: what it costs to find those of a filter depends on what lies under its
 * wildcards, not on how many there are.
 */
export class TopicTree<T extends object> {
  readonly #root: Node<T> = { value: undefined, next: undefined }
  #size = 0
  #levels = 0

  get size(): number {
    return this.#size
  }

  /** Those that topics have in common count once. */
  get levels(): number {
    return this.#levels
  }

  /** How many levels it would have more with this topic. */
  missing(topic: string): number {
    const levels = topic.split('/')
    let node: Node<T> | undefined = this.#root
    const known = levels.findIndex((level) => {
      node = node?.next?.get(level)
      return node === undefined
    })
    return known < 0 ? 0 : levels.length - known
  }

  get(topic: string): T | undefined {
    let node: Node<T> | undefined = this.#root
    for (const level of topic.split('/')) node = node?.next?.get(level)
    return node?.value
  }

  set(topic: string, value: T): void {
    let node = this.#root
    for (const level of topic.split('/')) {
      node.next ??= new Map()
      let next = node.next.get(level)
      if (!next) {
        next = { value: undefined, next: undefined }
        node.next.set(level, next)
        this.#levels++
      }
      node = next
    }
    if (node.value === undefined) this.#size++
    node.value = value
  }

  delete(topic: string): void {
    const levels = topic.split('/')
    const way = [this.#root]
    for (const level of levels) {
      const next = way.at(-1)!.next?.get(level)
      if (!next) return
      way.push(next)
    }
    const node = way.at(-1)!
    if (node.value !== undefined) this.#size--
    node.value = undefined
    for (let at = levels.length; at > 0; at--) {
      const { value, next } = way[at]!
      if (value !== undefined || (next && next.size > 0)) break
      way[at - 1]!.next!.delete(levels[at - 1]!)
      this.#levels--
    }
  }

  /** As {@link matchesFilter} has it. */
  *matching(filter: string): Generator<T> {
    for (const value of this.looked(filter)) if (value !== undefined) yield value
  }

  /**
   * The same, and undefined after each 1,024 levels that were looked at, for whoever lets others have their turn. What
   * changes meanwhile is given as it is then, or not at all.
   */
  *looked(filter: string): Generator<T | undefined> {
    const wanted = filter.split('/')
    let looks = 0
    const open: { readonly nodes: Iterator<Node<T>>; readonly at: number }[] = [{ nodes: [this.#root].values(), at: 0 }]
    for (let step = open.at(-1); step; step = open.at(-1)) {
      const { nodes, at } = step
      const { value: node, done } = nodes.next()
      if (done) {
        open.pop()
        continue
      }
      if (++looks % PAUSE_EVERY === 0) yield undefined
      const level = wanted[at]
      if ((level === undefined || level === '#') && node.value !== undefined) yield node.value
      if (level === undefined || !node.next) continue
      if (level !== '#' && level !== '+') {
        const next = node.next.get(level)
        if (next) open.push({ nodes: [next].values(), at: at + 1 })
      } else open.push({ nodes: below(node.next, node === this.#root), at: level === '#' ? at : at + 1 })
    }
  }
}

/** Those below a level, without a copy. What comes meanwhile is last in a Map: whoever adds for ever is not followed. */
function* below<T>(next: ReadonlyMap<string, Node<T>>, isRoot: boolean): Generator<Node<T>> {
  let left = next.size
  for (const [name, node] of next) {
    if (left-- === 0) return
    if (!isRoot || !name.startsWith('$')) yield node
  }
}
