/** Waits for what a PMU may answer, or may not: never longer than it was given. */
export class Answers<K> {
  readonly #waiting = new Set<{ readonly kind: K; settle(answered: boolean): void }>()
  #closed = false

  /** Resolves true when it arrives, false when it did not in time or the session is over. */
  wait(kind: K, withinMs: number): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false)
    return new Promise((resolve) => {
      const entry = {
        kind,
        settle: (answered: boolean): void => {
          clearTimeout(timer)
          this.#waiting.delete(entry)
          resolve(answered)
        },
      }
      const timer = setTimeout(() => entry.settle(false), withinMs)
      this.#waiting.add(entry)
    })
  }

  arrived(kind: K): void {
    for (const entry of [...this.#waiting]) if (entry.kind === kind) entry.settle(true)
  }

  /** Nothing will arrive any more. */
  close(): void {
    this.#closed = true
    for (const entry of [...this.#waiting]) entry.settle(false)
  }
}
