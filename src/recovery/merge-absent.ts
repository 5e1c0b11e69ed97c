import type { AbsentRange, AbsentVerdict } from '../streams/index.ts'

/**
 * What outweighs what where several journals of one stream say why they have
 * no frame: that it was never produced is known for certain; that one lost it
 * says that it was there; who did not receive it, or forgot, knows least.
 */
const weight: Readonly<Record<AbsentVerdict, number>> = {
  'never-produced': 0,
  lost: 1,
  'not-received': 2,
  expired: 3,
}

/** The ranges of all journals within [fromUs, toUs), in the order in which they are to be believed. */
export function mergeAbsent(
  answers: readonly (readonly AbsentRange[])[],
  fromUs: number,
  toUs: number,
): readonly AbsentRange[] {
  return answers
    .flat()
    .filter((range) => range.fromUs < toUs && range.toUs > fromUs)
    .map((range) => ({ ...range, fromUs: Math.max(fromUs, range.fromUs), toUs: Math.min(toUs, range.toUs) }))
    .toSorted((one, other) => weight[one.verdict] - weight[other.verdict])
}
