import { monotonicMs } from '../runtime/clock.ts'
import type { Log } from '../runtime/service.ts'

/** One that stays away, or that comes and goes, is told of once in this time. */
const AGAIN_MS = 60_000
/** A connection that lasted as long is missed when it goes: that is told at once. */
const LASTING_MS = 5000

/** Tells of a connection's loss and of its return; while it is not there it is quiet for a while, however often it is tried. */
export class ConnectionLog {
  readonly #log: Log
  readonly #facts: { readonly broker: string; readonly role: string }
  readonly #clock: () => number
  #toldAt = Number.NEGATIVE_INFINITY
  #madeAt = Number.POSITIVE_INFINITY
  #untold = 0
  #isLossTold = false
  #isFirst = true

  constructor(log: Log, broker: string, role: string, clock: () => number = monotonicMs) {
    this.#log = log
    this.#facts = { broker, role }
    this.#clock = clock
  }

  /** It could not be had, or ended. */
  lost(error: unknown, delayMs: number): void {
    const facts = { ...this.#facts, error, delayMs: Math.round(delayMs) }
    const lasted = this.#clock() - this.#madeAt >= LASTING_MS
    this.#madeAt = Number.POSITIVE_INFINITY
    if (!lasted && this.#clock() - this.#toldAt < AGAIN_MS) {
      this.#untold++
      this.#log.debug(facts, 'broker connection lost')
      return
    }
    this.#log.warn({ ...facts, ...(this.#untold > 0 && { untold: this.#untold }) }, 'broker connection lost')
    this.#toldAt = this.#clock()
    this.#untold = 0
    this.#isLossTold = true
  }

  /** It is there, by this address. */
  made(address: string): void {
    const level = this.#isFirst || this.#isLossTold ? 'info' : 'debug'
    this.#log[level]({ ...this.#facts, address }, 'connected to broker')
    this.#madeAt = this.#clock()
    this.#isFirst = false
    this.#isLossTold = false
  }
}
