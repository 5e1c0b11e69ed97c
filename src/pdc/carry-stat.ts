import { Stat } from '../c37118/index.ts'

/** PMU_TQ for each MSG_TQ: the estimate that is not better. A clock that is locked states nothing. */
const pmuTimeQualityOf = [0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7, 7, 7] as const
/** Reserved before 2011. */
const NOT_IN_2005 = Stat.dataModified | Stat.timeQuality
const INDICATOR = 0x0f

/**
 * STAT of a PMU's block in the frame of a PDC (C37.118.2-2011, table 7). What the
 * PMU says is kept; how good its time is, which its own frame said in FRACSEC,
 * goes to PMU_TQ, for the PDC's frame has one FRACSEC for all. Nothing becomes
 * better than it came. `more`: bits that the PDC sets.
 */
export function carryStat(stat: number, version: number, timeQuality: number, more: number): number {
  const said = version < 2 ? stat & ~NOT_IN_2005 : stat
  const quality = Math.max((said & Stat.timeQuality) >> 6, pmuTimeQualityOf[timeQuality & INDICATOR]!)
  return (said & ~Stat.timeQuality) | (quality << 6) | more
}

/**
 * The time-quality byte of a PDC's frame: the worst MSG_TQ of what is in it, and
 * what any source knows of leap seconds.
 */
export function worstTimeQuality(one: number, other: number): number {
  return ((one | other) & ~INDICATOR) | Math.max(one & INDICATOR, other & INDICATOR)
}
