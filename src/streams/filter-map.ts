import { hasWildcard } from './topic-filter.ts'

const MAX_REMEMBERED = 20_000

/** A level of filters, and what begins with it. */
interface Node<T> {
  /** Of the filter that ends here. */
  values: readonly T[]
  readonly next: Map<string, Node<T>>
}

const leaf = <T>(): Node<T> => ({ values: [], next: new Map() })

/**
 * Values by topic filter, as a tree of levels: what it costs to find those of a
 * topic does not depend on how many filters there are, nor does it to add one. The
 * answer for a topic is remembered, so a message costs one look-up; an answer already
 * handed out never changes, so handlers may add and remove while one is walked.
 */
export class FilterMap<T> {
  readonly #root = leaf<T>()
  readonly #remembered = new Map<string, readonly T[]>()

  add(filter: string, value: T): void {
    let node = this.#root
    for (const level of levelsOf(filter)) {
      let next = node.next.get(level)
      if (!next) {
        next = leaf()
        node.next.set(level, next)
      }
      node = next
    }
    node.values = [...node.values, value]
    this.#forget(filter)
  }

  /** Removes one such value; `false` when there is none. */
  remove(filter: string, value: T): boolean {
    const levels = levelsOf(filter)
    const way = [this.#root]
    for (const level of levels) {
      const next = way.at(-1)!.next.get(level)
      if (!next) return false
      way.push(next)
    }
    const node = way.at(-1)!
    const index = node.values.indexOf(value)
    if (index === -1) return false
    node.values = node.values.toSpliced(index, 1)
    for (let at = levels.length; at > 0; at--) {
      const { values, next } = way[at]!
      if (values.length > 0 || next.size > 0) break
      way[at - 1]!.next.delete(levels[at - 1]!)
    }
    this.#forget(filter)
    return true
  }

  match(topic: string): readonly T[] {
    const known = this.#remembered.get(topic)
    if (known) return known
    const values: T[] = []
    collect(this.#root, topic.split('/'), 0, topic.startsWith('$'), values)
    // Topics come from outside: forgetting all is rare and cheap, growing is neither.
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    this.#remembered.set(topic, values)
    return values
  }

  /** One without wildcards is one topic. */
  #forget(filter: string): void {
    if (hasWildcard(filter)) this.#remembered.clear()
    else this.#remembered.delete(filter)
  }
}

/** Up to `#`, which stands for all that follows. */
function levelsOf(filter: string): readonly string[] {
  const levels = filter.split('/')
  const end = levels.indexOf('#')
  return end === -1 ? levels : levels.slice(0, end + 1)
}

/** As {@link matchesFilter} has it. As deep as a topic has levels, which brokers bound. */
function collect<T>(node: Node<T>, levels: readonly string[], at: number, isDollar: boolean, values: T[]): void {
  const isEnd = at === levels.length
  if (isEnd) values.push(...node.values)
  else {
    const exact = node.next.get(levels[at]!)
    if (exact) collect(exact, levels, at + 1, isDollar, values)
  }
  // No leading wildcard matches a `$` topic.
  if (at === 0 && isDollar) return
  if (!isEnd) {
    const any = node.next.get('+')
    if (any) collect(any, levels, at + 1, isDollar, values)
  }
  const rest = node.next.get('#')
  if (rest) values.push(...rest.values)
}
