/** Looked at this often. */
export const FLOW_TICK_MS = 250
/** Frames that used to come and do not for so long: another broker is tried. */
export const DATA_SILENCE_MS = 2000
/** Frames that came without a longer break than this are a flow. */
const BREAK_MS = 750
/** A flow is one that went on for so long. */
const STEADY_MS = 2000

/**
 * Whether frames that used to come have stopped, over all streams together:
 * one PMU that fails is no fault of the broker. Streams of less than two
 * frames a second are no flow. Pure; call `tick` every {@link FLOW_TICK_MS}.
 */
export class FlowWatch {
  readonly #silenceMs: number
  #at: number | undefined
  #frames = 0
  #steadyMs = 0
  #silentMs = 0
  #isExpected = false

  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs
  }

  /** Frames ought to come. */
  get isExpected(): boolean {
    return this.#isExpected
  }

  get isSilent(): boolean {
    return this.#isExpected && this.#silentMs >= this.#silenceMs
  }

  /** `frames`: how many there were so far. A look that is late counts for no more than two. */
  tick(now: number, frames: number): void {
    const stepMs = Math.min(now - (this.#at ?? now), 2 * FLOW_TICK_MS)
    this.#at = now
    if (frames === this.#frames) {
      this.#silentMs += stepMs
      if (this.#silentMs > BREAK_MS) this.#steadyMs = 0
      return
    }
    this.#frames = frames
    this.#silentMs = 0
    this.#steadyMs += stepMs
    if (this.#steadyMs >= STEADY_MS) this.#isExpected = true
  }

  /** Nobody wants them any more. */
  forget(): void {
    this.#isExpected = false
    this.#steadyMs = 0
  }

  /** They have a new way to come by, and time to. */
  moved(): void {
    this.#silentMs = 0
  }
}
