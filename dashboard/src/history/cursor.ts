/** The time that is looked at, in µs: what plots, tables and the slider share. */
export class Cursor {
  #atUs: number | undefined
  readonly #watchers = new Set<() => void>()

  /** undefined: none. */
  get atUs(): number | undefined {
    return this.#atUs
  }

  move(atUs: number | undefined): void {
    if (atUs === this.#atUs) return
    this.#atUs = atUs
    for (const watch of this.#watchers) watch()
  }

  /** Returns what ends it. */
  watch(watch: () => void): () => void {
    this.#watchers.add(watch)
    return () => void this.#watchers.delete(watch)
  }
}
