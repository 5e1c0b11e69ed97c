/** The silence is looked at so many times within itself. */
const TICKS = 4

/**
 * Notices that no frame came for a while. A frame costs a boolean: the clock
 * is looked at by a timer, so a silence is noticed up to a quarter late.
 */
export class Liveness {
  readonly #onSilent: (silentMs: number) => void
  #timer: NodeJS.Timeout | undefined
  #seen = false
  #quietTicks = 0

  constructor(onSilent: (silentMs: number) => void) {
    this.#onSilent = onSilent
  }

  /** Looks for silences of this length from now on; undefined: for none. */
  watch(silentMs: number | undefined): void {
    clearInterval(this.#timer)
    this.#seen = true
    this.#quietTicks = 0
    if (silentMs !== undefined) this.#timer = setInterval(() => this.#tick(silentMs), silentMs / TICKS)
  }

  seen(): void {
    this.#seen = true
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Told once per silence. */
  #tick(silentMs: number): void {
    if (this.#seen) {
      this.#seen = false
      this.#quietTicks = 0
    } else if (++this.#quietTicks === TICKS) {
      this.#onSilent(silentMs)
    }
  }
}
