import type { Pace } from './pace.ts'

/** Then they are looked at without being asked for. */
const MAX_WAITING = 256

/**
 * Live frames that a pace has yet to look at: while nothing is pulled there is
 * no hurry, and looking would hold up the frame that has just come.
 */
export class LiveArrivals {
  readonly #pace: Pace
  readonly #lateMs = new Float64Array(MAX_WAITING)
  readonly #atMs = new Float64Array(MAX_WAITING)
  #count = 0

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** As {@link Pace.live}. */
  add(lateMs: number, nowMs: number): void {
    if (this.#count === MAX_WAITING) this.look()
    this.#lateMs[this.#count] = lateMs
    this.#atMs[this.#count++] = nowMs
    if (this.#pace.isPulling) this.look()
  }

  /** To be called before anything is asked of the pace. */
  look(): void {
    for (let i = 0; i < this.#count; i++) this.#pace.live(this.#lateMs[i]!, this.#atMs[i]!)
    this.#count = 0
  }
}
