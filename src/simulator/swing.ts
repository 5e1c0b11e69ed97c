/** What makes up the machines of one synchronous area, seen as one. Powers are per unit of the area's rating. */
export interface SwingParameters {
  readonly nominalHz: number
  /** H, stored energy over rating. */
  readonly inertiaS: number
  /** D: load that falls by this much per unit of frequency. */
  readonly damping: number
  /** R: frequency per power. */
  readonly droop: number
  readonly governorS: number
  readonly turbineS: number
  /** Time constant with which the set-point brings frequency back; 0 for droop alone. */
  readonly secondaryS: number
  /** Power at the start, in balance. */
  readonly power: number
  readonly minPower: number
  readonly maxPower: number
}

/**
 * Frequency and angle of one synchronous area: the swing equation with a
 * governor on droop, a turbine lag and a secondary control (P. Kundur, Power
 * System Stability and Control, 1994, sections 3.9 and 11.1):
 *
 *   2H dw/dt = Pm - Pe - D w        w: per unit deviation from nominal
 *   dg/dt = (Pref - w/R - g) / Tg   dPm/dt = (g - Pm) / Tt
 *   dPref/dt = (w_target - w) / (R Ts)
 *
 * On top of what the equation gives, a deviation can be imposed from outside
 * (an excursion, an inter-area swing). Between steps the frequency is a
 * straight line and the angle its exact integral.
 */
export class SwingArea {
  /** Frequency above nominal at the present step, swing and imposed together. */
  deviationHz = 0
  /** Its slope until the next step. */
  rocof = 0
  /** Of the source, against the nominal-frequency cosine of UTC (C37.118.1), radians within one turn. */
  angle: number
  /** Where the secondary control steers, above nominal. */
  targetHz = 0

  readonly #parameters: SwingParameters
  #swing = 0
  #swingSlope = 0
  #imposedNextHz = 0
  #reference: number
  #gate: number
  #mechanical: number

  constructor(parameters: SwingParameters, angle = 0, deviationHz = 0) {
    this.#parameters = parameters
    this.#reference = parameters.power
    this.#gate = parameters.power
    this.#mechanical = parameters.power
    this.#swing = deviationHz / parameters.nominalHz
    this.deviationHz = deviationHz
    this.angle = angle
  }

  /** Power of the turbine, per unit of rating. */
  get mechanicalPower(): number {
    return this.#mechanical
  }

  /** Fixes the slope of the coming step from what the network draws at its beginning. */
  draw(electrical: number, imposedHz: number, imposedNextHz: number, stepS: number): void {
    const { nominalHz, inertiaS, damping } = this.#parameters
    this.#swingSlope = (this.#mechanical - electrical - damping * this.#swing) / (2 * inertiaS)
    this.#imposedNextHz = imposedNextHz
    this.deviationHz = this.#swing * nominalHz + imposedHz
    this.rocof = this.#swingSlope * nominalHz + (imposedNextHz - imposedHz) / stepS
  }

  /** Moves on by one step, with the slope that {@link draw} has fixed. */
  advance(stepS: number): void {
    const { nominalHz, droop, governorS, turbineS, secondaryS, minPower, maxPower } = this.#parameters
    const before = this.#swing
    this.angle = this.angleAfter(stepS)
    this.#swing += this.#swingSlope * stepS
    this.#mechanical += ((this.#gate - this.#mechanical) / turbineS) * stepS
    const opening = this.#gate + ((this.#reference - before / droop - this.#gate) / governorS) * stepS
    this.#gate = clamp(opening, minPower, maxPower)
    if (secondaryS > 0) {
      const wanted = this.#reference + ((this.targetHz / nominalHz - before) / (droop * secondaryS)) * stepS
      // Bounded, so that a saturated set-point does not wind up.
      this.#reference = clamp(wanted, minPower, maxPower)
    }
    this.deviationHz = this.#swing * nominalHz + this.#imposedNextHz
  }

  deviationAfter(seconds: number): number {
    return this.deviationHz + this.rocof * seconds
  }

  angleAfter(seconds: number): number {
    const turns = (this.deviationHz + (this.rocof * seconds) / 2) * seconds
    return wrapAngle(this.angle + 2 * Math.PI * turns)
  }
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high)

/** Into -pi to pi. */
export function wrapAngle(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI))
}
