/** How much may be held. */
export interface HoldLimits {
  readonly frames: number
  readonly bytes: number
}

const NOTHING = new Uint8Array(0)

/** Data frames whose configuration is not known yet, in order, bounded: beyond the limits the oldest go. */
export class HeldFrames {
  readonly #limits: HoldLimits
  readonly #onDrop: (frame: Uint8Array) => void
  #frames: Uint8Array[] = []
  /** The oldest; before it is nothing. Spares a shift per frame. */
  #first = 0
  #bytes = 0

  constructor(limits: HoldLimits, onDrop: (frame: Uint8Array) => void) {
    this.#limits = limits
    this.#onDrop = onDrop
  }

  get size(): number {
    return this.#frames.length - this.#first
  }

  /** Keeps a copy: a view would keep its whole chunk, and the limits would count less than is held. */
  push(frame: Uint8Array): void {
    this.#frames.push(new Uint8Array(frame))
    this.#bytes += frame.length
    while (this.size > this.#limits.frames || this.#bytes > this.#limits.bytes) this.#dropOldest()
  }

  /** Empties itself. */
  take(): Uint8Array[] {
    const frames = this.#frames.slice(this.#first)
    this.#frames = []
    this.#first = 0
    this.#bytes = 0
    return frames
  }

  #dropOldest(): void {
    const frame = this.#frames[this.#first]!
    this.#frames[this.#first++] = NOTHING
    this.#bytes -= frame.length
    if (this.#first > 1024 && this.#first * 2 > this.#frames.length) {
      this.#frames = this.#frames.slice(this.#first)
      this.#first = 0
    }
    this.#onDrop(frame)
  }
}
