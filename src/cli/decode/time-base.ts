/** The TIME_BASEs that sources use, the usual one first. */
const usual = [1_000_000, 16_777_215, 16_777_216, 1000, 10_000, 100_000, 10_000_000]
const rates = [1, 2, 5, 10, 12, 15, 20, 24, 25, 30, 50, 60, 100, 120, 200, 240]

/** Fractions that are looked at; a stream shows its grid long before. */
export const SAMPLE_SIZE = 1000
/** Fewer distinct fractions say nothing. */
const MIN_DISTINCT = 5

/**
 * TIME_BASE stands in the configuration only. Where a capture has none, the
 * fractions of the data frames give it away: they lie on the grid of one of
 * the usual rates, in one of the usual bases, and reach from its beginning to
 * its end. Undefined when none fits.
 */
export function inferTimeBase(fractions: ReadonlySet<number>): number | undefined {
  if (fractions.size < MIN_DISTINCT) return undefined
  const greatest = Math.max(...fractions)
  for (const base of usual) {
    if (greatest >= base) continue
    for (const rate of rates) {
      // The last slots of a second have been seen: a smaller base would do too otherwise.
      if (greatest < base * (1 - 3 / rate) || fractions.size < Math.min(MIN_DISTINCT, rate)) continue
      if ([...fractions].every((fraction) => onGrid(fraction, base, rate))) return base
    }
  }
  return undefined
}

/** Within a count and a half of a slot: sources round up, down or to the nearest. */
function onGrid(fraction: number, base: number, rate: number): boolean {
  const slot = Math.round((fraction * rate) / base)
  return Math.abs(fraction - (slot * base) / rate) <= 1.5
}
