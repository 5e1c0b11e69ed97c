import { monotonicMs } from '../runtime/clock.ts'

/** A turn of the event loop that took longer than this was none of a process that runs. */
const STILL_MS = 1000
const LOOK_MS = 250

/**
 * Tells that the process has stood still (stopped by a signal, swapped out, its
 * machine suspended): what then waits in its sockets is no longer live.
 */
export class Standstill {
  readonly #onStill: () => void
  readonly #timer = setInterval(() => this.look(monotonicMs()), LOOK_MS).unref()
  #looked = monotonicMs()

  constructor(onStill: () => void) {
    this.#onStill = onStill
  }

  /** To be asked before what came is given on: `true`, it has stood still until now. */
  look(now: number): boolean {
    const isStill = now - this.#looked > STILL_MS
    if (isStill || now - this.#looked > LOOK_MS / 2) this.#looked = now
    if (isStill) this.#onStill()
    return isStill
  }

  close(): void {
    clearInterval(this.#timer)
  }
}
