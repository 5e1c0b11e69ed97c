import { framesPerSecond, type PmuConfiguration } from '../c37118/index.ts'
import { SLOT_TOLERANCE } from '../streams/index.ts'
import { Modification } from './block-format.ts'
import { lowPassFor } from './low-pass.ts'
import type { RateMethod } from './rate-converter.ts'

/** How an output gets what comes at another rate (IEEE C37.247 clause 4.5). */
export interface RateSettings {
  /** From a higher one: the samples that are at its instants, the nearest, or filtered first. */
  readonly down?: 'reselect' | 'nearest' | 'filter'
  /** From a lower one: the sample before, or what is in between. */
  readonly up?: 'hold' | 'interpolate'
}

/** Of one input at one output: `reselect` takes frames as they are, the others make samples of them. */
export interface RatePlan {
  /** Frames per second of the input, and of the output. */
  readonly from: number
  readonly to: number
  readonly method: RateMethod | 'reselect'
}

/**
 * What is to be done; undefined: both have the same rate. Without a word, samples
 * are reselected where the rates divide, else the nearest are taken; and
 * interpolated upward. DATA_RATE as C37.118 has it.
 */
export function ratePlan(dataRate: number, outputRate: number, { down, up }: RateSettings = {}): RatePlan | undefined {
  const [from, to] = [framesPerSecond(dataRate), framesPerSecond(outputRate)]
  if (Math.abs(from - to) < 1e-9 * to) return undefined
  if (from < to) return { from, to, method: up ?? 'interpolate' }
  const divides = Math.abs(from / to - Math.round(from / to)) < 1e-9
  return { from, to, method: down ?? (divides ? 'reselect' : 'nearest') }
}

/** Whether a sample of the input is of this instant, times in µs. */
export const isAtInstant = ({ from, to }: RatePlan, timeUs: number, instantUs: number): boolean =>
  Math.abs(timeUs - instantUs) <= (SLOT_TOLERANCE * 1_000_000) / Math.max(from, to)

/** WINDOW and GRP_DLY have 32 bits. */
const MOST_US = 0x7fffffff

const flags: Readonly<Record<RatePlan['method'], number>> = {
  interpolate: Modification.upInterpolated,
  hold: Modification.upExtrapolated,
  reselect: Modification.downReselected,
  filter: Modification.downFiltered,
  nearest: Modification.downOtherwise,
}

/** The PMU as the output has it: what was done to its phasors, and what a filter adds to its window. Timestamps are corrected for the delay. */
export function ratedPmu(pmu: PmuConfiguration, { method, from, to }: RatePlan): PmuConfiguration {
  const filterUs = method === 'filter' ? Math.round(lowPassFor(from, to).halfS * 1e6) : 0
  return {
    ...pmu,
    phasors: pmu.phasors.map((phasor) => ({ ...phasor, modification: (phasor.modification ?? 0) | flags[method] })),
    ...(filterUs > 0 && {
      windowUs: Math.min(MOST_US, Math.max(0, pmu.windowUs ?? 0) + 2 * filterUs),
      groupDelayUs: Math.min(MOST_US, Math.max(0, pmu.groupDelayUs ?? 0) + filterUs),
    }),
  }
}
