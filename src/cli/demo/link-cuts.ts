import { aborted } from '../../runtime/aborted.ts'
import { monotonicMs } from '../../runtime/clock.ts'
import { cutAfterS, cutForS, roundS } from './demo-grid.ts'
import type { Link } from './link.ts'

const LOOK_MS = 100
/** What waited is through by then, or is lost. */
const HEALED_MS = 30_000

/** Cuts a link in every round, and knows whether what it held up may still be under way. */
export class LinkCuts {
  readonly #link: Link
  #restoredMs = Number.NEGATIVE_INFINITY
  #isOver = false

  constructor(link: Link, elapsedS: () => number, signal: AbortSignal) {
    this.#link = link
    const timer = setInterval(() => {
      const atS = elapsedS() % roundS
      const isCut = !this.#isOver && atS >= cutAfterS && atS < cutAfterS + cutForS
      if (isCut && !link.isCut) link.cut()
      else if (!isCut && link.isCut) this.#restore()
    }, LOOK_MS)
    void aborted(signal).then(() => clearInterval(timer))
  }

  get isCut(): boolean {
    return this.#link.isCut
  }

  /** It is cut, or was a moment ago. */
  get mayBeHealing(): boolean {
    return this.isCut || monotonicMs() - this.#restoredMs < HEALED_MS
  }

  /** No more of it. */
  end(): void {
    this.#isOver = true
    if (this.isCut) this.#restore()
  }

  #restore(): void {
    this.#link.restore()
    this.#restoredMs = monotonicMs()
  }
}
