import { setTimeout as sleep } from 'node:timers/promises'
import { monotonicMs } from '../runtime/clock.ts'

export interface PaceClock {
  now(): number
  /** Resolves after `delayMs`, or earlier when the signal aborts. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>
}

const system: PaceClock = {
  now: monotonicMs,
  sleep: (delayMs, signal) => sleep(delayMs, undefined, { signal }).then(undefined, () => {}),
}

/** So many of something per second: whoever takes more than there is pays by the wait of the next. */
export class Pace {
  readonly #perSecond: number
  readonly #burst: number
  readonly #clock: PaceClock
  #balance: number
  #lastMs: number

  /** `burst`: what may be saved up. */
  constructor(perSecond: number, burst: number, clock: PaceClock = system) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#clock = clock
    this.#balance = burst
    this.#lastMs = clock.now()
  }

  /** Takes at once, or not at all. */
  tryTake(count: number): boolean {
    this.#earn()
    if (this.#balance < count) return false
    this.#balance -= count
    return true
  }

  /** Waits until nothing is owed, then takes. Resolves early when the signal aborts. */
  async take(count: number, signal: AbortSignal): Promise<void> {
    for (this.#earn(); this.#balance < 0 && !signal.aborted; this.#earn()) {
      await this.#clock.sleep(Math.max(1, (-this.#balance / this.#perSecond) * 1000), signal)
    }
    this.#balance -= count
  }

  #earn(): void {
    const now = this.#clock.now()
    this.#balance = Math.min(this.#burst, this.#balance + ((now - this.#lastMs) / 1000) * this.#perSecond)
    this.#lastMs = now
  }
}
