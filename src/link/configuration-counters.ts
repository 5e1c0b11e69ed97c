import type { Configuration } from '../c37118/index.ts'

/** Whether CFGCNT of a PMU, or the number of PMUs in configurations of one type, is another. */
export function countersDiffer(a: Configuration, b: Configuration): boolean {
  if (a.type === b.type && a.pmus.length !== b.pmus.length) return true
  const counts = new Map(a.pmus.map(({ idcode, cfgcnt }) => [idcode, cfgcnt]))
  return b.pmus.some(({ idcode, cfgcnt }) => counts.has(idcode) && counts.get(idcode) !== cfgcnt)
}
