/** Waits for a state of things that is only announced by change: no polling, no sleeping. */
export class Watched {
  readonly #waiting = new Set<{ readonly fits: () => boolean; readonly resolve: () => void }>()

  /** Something changed: whoever waits looks again. */
  changed(): void {
    for (const entry of this.#waiting) {
      if (!entry.fits()) continue
      this.#waiting.delete(entry)
      entry.resolve()
    }
  }

  /** Resolves as soon as `fits`; looks now and after each change. The test's own time limit ends it otherwise. */
  until(fits: () => boolean): Promise<void> {
    if (fits()) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.add({ fits, resolve }))
  }
}
