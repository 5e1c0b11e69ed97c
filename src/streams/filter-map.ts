import { hasWildcard, matchesFilter } from './topic-filter.ts'

const MAX_REMEMBERED = 20_000

/**
 * Values by topic filter. The answer for a topic is remembered, so a message
 * costs one look-up; an answer already handed out never changes, so handlers
 * may add and remove while one is walked.
 */
export class FilterMap<T> {
  readonly #exact = new Map<string, readonly T[]>()
  #wildcards: readonly { readonly filter: string; readonly value: T }[] = []
  readonly #remembered = new Map<string, readonly T[]>()
  readonly #none: readonly T[] = []

  add(filter: string, value: T): void {
    if (hasWildcard(filter)) {
      this.#wildcards = [...this.#wildcards, { filter, value }]
      this.#remembered.clear()
    } else {
      this.#exact.set(filter, [...(this.#exact.get(filter) ?? []), value])
      this.#remembered.delete(filter)
    }
  }

  /** Removes one such value; `false` when there is none. */
  remove(filter: string, value: T): boolean {
    if (hasWildcard(filter)) {
      const index = this.#wildcards.findIndex((entry) => entry.filter === filter && entry.value === value)
      if (index === -1) return false
      this.#wildcards = this.#wildcards.toSpliced(index, 1)
      this.#remembered.clear()
      return true
    }
    const values = this.#exact.get(filter)
    const index = values?.indexOf(value) ?? -1
    if (!values || index === -1) return false
    if (values.length === 1) this.#exact.delete(filter)
    else this.#exact.set(filter, values.toSpliced(index, 1))
    this.#remembered.delete(filter)
    return true
  }

  match(topic: string): readonly T[] {
    const known = this.#remembered.get(topic)
    if (known) return known
    const exact = this.#exact.get(topic) ?? this.#none
    const wild = this.#wildcards.filter(({ filter }) => matchesFilter(filter, topic)).map(({ value }) => value)
    const values = wild.length === 0 ? exact : [...exact, ...wild]
    // Topics come from outside: forgetting all is rare and cheap, growing is neither.
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    this.#remembered.set(topic, values)
    return values
  }
}
