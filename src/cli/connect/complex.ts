/** The little complex arithmetic that angles between phasors need. */
export interface Complex {
  readonly re: number
  readonly im: number
}

/** `a` turned back by the angle of `b`, at length 1; undefined where either has no angle. */
export function unitRatio(a: Complex, b: Complex): Complex | undefined {
  const re = a.re * b.re + a.im * b.im
  const im = a.im * b.re - a.re * b.im
  const length = Math.hypot(re, im)
  return length > 0 && Number.isFinite(length) ? { re: re / length, im: im / length } : undefined
}

/** Mean angle in degrees, within ±180; undefined where there is none. */
export function meanAngle(units: readonly (Complex | undefined)[]): number | undefined {
  let re = 0
  let im = 0
  for (const unit of units) {
    re += unit?.re ?? 0
    im += unit?.im ?? 0
  }
  return Math.hypot(re, im) > units.length * 1e-3 ? degrees(Math.atan2(im, re)) : undefined
}

export const degrees = (radians: number): number => (radians * 180) / Math.PI

/** Smallest turn between two angles in degrees, 0 to 180. */
export const turn = (a: number, b: number): number => Math.abs(((((a - b) % 360) + 540) % 360) - 180)
