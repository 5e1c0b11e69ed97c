/**
 * The filter before a lower reporting rate (IEEE C37.247 clause 4.5): what the
 * new rate cannot carry must not come out of it as something else.
 *
 * A sinc under a Kaiser window (J. F. Kaiser, 1974; Oppenheim and Schafer,
 * "Discrete-Time Signal Processing", 7.6), evaluated at any time, so that no
 * ratio of rates is special. It is symmetric: its delay is half its length, and
 * the result is of the instant in its middle.
 *
 * Flat to 0.1 dB up to 0.4 of the new rate, 40 dB down from 0.6 of it.
 */

/** Of the new rate: the middle of the transition, and its width. */
const CUTOFF = 0.5
const TRANSITION = 0.2
/** A little more than is asked for: ripple and stop band of a Kaiser window are one number. */
const ATTENUATION_DB = 50
const BETA = 0.5842 * (ATTENUATION_DB - 21) ** 0.4 + 0.07886 * (ATTENUATION_DB - 21)

export interface LowPass {
  /** Half of its length, in seconds: so long after an instant its value is known. */
  readonly halfS: number
  /** Weight of a sample so many seconds from the instant; not normalised: divide by the sum of those that are used. */
  weight(offsetS: number): number
}

/** `from`, `to`: frames per second. */
export function lowPassFor(from: number, to: number): LowPass {
  const taps = ((ATTENUATION_DB - 7.95) / (2.285 * 2 * Math.PI * (TRANSITION * to))) * from
  // Whole samples on either side, for an instant that has a sample of its own.
  const halfS = Math.ceil(taps / 2) / from
  const cutoffHz = CUTOFF * to
  const scale = 1 / bessel0(BETA)
  return {
    halfS,
    weight(offsetS) {
      const x = offsetS / halfS
      if (x < -1 || x > 1) return 0
      const angle = 2 * Math.PI * cutoffHz * offsetS
      const sinc = angle === 0 ? 1 : Math.sin(angle) / angle
      return sinc * bessel0(BETA * Math.sqrt(1 - x * x)) * scale
    },
  }
}

/** Modified Bessel function of the first kind, order 0, by its series. */
function bessel0(x: number): number {
  const quarter = (x * x) / 4
  let [sum, term] = [1, 1]
  for (let n = 1; term > 1e-16 * sum; n++) {
    term *= quarter / (n * n)
    sum += term
  }
  return sum
}
