/** Once may be chance. */
const HANG_UPS = 2

/** Remembers what a PMU hangs up on when it is asked: some do, on a CFG-3 for example. */
export class Grudges {
  readonly #hangUps = new Map<string, number>()
  readonly #onHeld: (what: string) => void

  constructor(onHeld: (what: string) => void) {
    this.#onHeld = onHeld
  }

  /** It should not be asked again. */
  isHeld(what: string): boolean {
    return (this.#hangUps.get(what) ?? 0) >= HANG_UPS
  }

  /** The connection ended while the answer was awaited. */
  hungUpOn(what: string): void {
    const count = (this.#hangUps.get(what) ?? 0) + 1
    this.#hangUps.set(what, count)
    if (count === HANG_UPS) this.#onHeld(what)
  }
}
