const FIRST_CAPACITY = 16
/** Frames unacknowledged at once, whatever their age. 200 ms of the fastest PMU (120 frames/s) are 24. */
const MAX_CAPACITY = 4096

/**
 * How old the oldest frame without an acknowledgement is. Live is an age: a
 * socket buffer would hide minutes of frames. Acknowledgements come in the
 * order of the publishes, so a ring of send times is enough.
 */
export class LiveWindow {
  readonly #maxAgeMs: number
  #sent = new Float64Array(FIRST_CAPACITY)
  #first = 0
  #count = 0

  constructor(maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs
  }

  get unacknowledged(): number {
    return this.#count
  }

  /** Whether a frame may be sent at `now` (monotonic ms). */
  isOpen(now: number): boolean {
    if (this.#count === 0) return true
    return this.#count < MAX_CAPACITY && now - this.#sent[this.#first]! <= this.#maxAgeMs
  }

  sent(now: number): void {
    if (this.#count === this.#sent.length) this.#grow()
    this.#sent[(this.#first + this.#count) & (this.#sent.length - 1)] = now
    this.#count++
  }

  /** The newest was not sent after all. */
  unsent(): void {
    this.#count--
  }

  /** The oldest is acknowledged, or never will be. */
  settled(): void {
    if (this.#count === 0) return
    this.#first = (this.#first + 1) & (this.#sent.length - 1)
    this.#count--
  }

  #grow(): void {
    const larger = new Float64Array(this.#sent.length * 2)
    for (let index = 0; index < this.#count; index++) {
      larger[index] = this.#sent[(this.#first + index) & (this.#sent.length - 1)]!
    }
    this.#sent = larger
    this.#first = 0
  }
}
