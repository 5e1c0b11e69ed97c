import { Stat } from '../c37118/index.ts'
import type { SimulationSettings } from './config.ts'

const reason = { magnitudeLow: 1, magnitudeHigh: 2, frequency: 4, rocof: 5 } as const

/** A trigger stands this long after its cause, so that a slow stream shows it too. */
const HOLD_S = 1

/** Bits 11 and 3 to 0 of STAT: what a PMU notices by itself. */
export class Trigger {
  readonly #limits: SimulationSettings['triggers']
  #until = Number.NEGATIVE_INFINITY
  #reason = 0

  constructor(limits: SimulationSettings['triggers']) {
    this.#limits = limits
  }

  /** STAT bits at time `t`; voltage is positive sequence, per unit. */
  read(t: number, voltagePu: number, deviationHz: number, rocof: number): number {
    const found = this.#judge(voltagePu, deviationHz, rocof)
    if (found !== 0) {
      this.#reason = found
      this.#until = t + HOLD_S
    }
    return t < this.#until ? Stat.trigger | this.#reason : 0
  }

  #judge(voltagePu: number, deviationHz: number, rocof: number): number {
    const { lowPu, highPu, frequencyHz, rocof: rocofLimit } = this.#limits
    if (voltagePu < lowPu) return reason.magnitudeLow
    if (voltagePu > highPu) return reason.magnitudeHigh
    if (Math.abs(deviationHz) > frequencyHz) return reason.frequency
    return Math.abs(rocof) > rocofLimit ? reason.rocof : 0
  }
}
