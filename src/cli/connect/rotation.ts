import { type Complex, meanAngle, turn, unitRatio } from './complex.ts'

export type Rotation = 'ABC' | 'ACB'

/** What the angles between three phasors say of how they are wired. */
export type Wiring =
  | { readonly verdict: 'fits'; readonly rotation: Rotation; readonly reversed: Phase | undefined }
  | { readonly verdict: 'same angle'; readonly phases: readonly [Phase, Phase] }
  /** 120° apart in no way; degrees of B and C from A. */
  | { readonly verdict: 'odd'; readonly angles: readonly [number, number] }

export const phases = ['A', 'B', 'C'] as const
export type Phase = (typeof phases)[number]

/**
 * Degrees beyond which an angle is no measurement of an unbalanced grid any
 * more, but of other terminals. Loads may do more to currents; at 30 the
 * patterns would meet.
 */
export const voltageTolerance = 20
export const currentTolerance = 29

/** Judges phasors A, B and C of many instants; undefined where they have no angles. */
export function judgeWiring(
  instants: readonly (readonly [Complex, Complex, Complex])[],
  tolerance: number,
): Wiring | undefined {
  const ofB = meanAngle(instants.map(([a, b]) => unitRatio(b, a)))
  const ofC = meanAngle(instants.map(([a, , c]) => unitRatio(c, a)))
  if (ofB === undefined || ofC === undefined) return undefined

  let best: Wiring | undefined
  let least = tolerance
  for (const rotation of ['ABC', 'ACB'] as const) {
    for (const reversed of [undefined, ...phases]) {
      const [b, c] = expected(rotation, reversed)
      const error = Math.max(turn(ofB, b), turn(ofC, c))
      if (error < least) {
        best = { verdict: 'fits', rotation, reversed }
        least = error
      }
    }
  }
  return best ?? sameAngle(ofB, ofC, tolerance) ?? { verdict: 'odd', angles: [ofB, ofC] }
}

/** Degrees of B and C from A. */
function expected(rotation: Rotation, reversed: Phase | undefined): [number, number] {
  const third = rotation === 'ABC' ? 120 : -120
  const half = (phase: Phase): number => (reversed === phase || reversed === 'A' ? 180 : 0)
  return [-third + half('B'), third + half('C')]
}

function sameAngle(ofB: number, ofC: number, tolerance: number): Wiring | undefined {
  if (turn(ofB, 0) < tolerance) return { verdict: 'same angle', phases: ['A', 'B'] }
  if (turn(ofC, 0) < tolerance) return { verdict: 'same angle', phases: ['A', 'C'] }
  if (turn(ofB, ofC) < tolerance) return { verdict: 'same angle', phases: ['B', 'C'] }
  return undefined
}
