import { Stat } from '../c37118/index.ts'
import { worstTimeQuality } from './carry-stat.ts'
import type { RateSettings } from './rate-converter.ts'
import type { RatedSample } from './rated-sample.ts'

const MICROSECONDS = 1_000_000

/**
 * What is between two samples, at a time between theirs. A phasor keeps to the
 * way that it goes in the complex plane: its magnitude goes evenly, and so does
 * its angle, unwrapped. Which turn of the angle it was, where samples are so far
 * apart that there is more than one, is the one that FREQ says: off nominal by
 * Δf it turns by 2π Δf each second. STAT and digital words are those of the
 * sample before.
 */
export function interpolate(
  before: RatedSample,
  after: RatedSample,
  timeUs: number,
  { fnom, pmuOfPhasor }: Pick<RateSettings, 'fnom' | 'pmuOfPhasor'>,
): RatedSample {
  const part = (timeUs - before.timeUs) / (after.timeUs - before.timeUs)
  const seconds = (after.timeUs - before.timeUs) / MICROSECONDS
  const even = (from: Float64Array, to: Float64Array): Float64Array =>
    from.map((value, at) => value + part * (to[at]! - value))
  const phasors = new Float64Array(before.phasors.length)
  pmuOfPhasor.forEach((pmu, at) => {
    const [re, im] = [before.phasors[2 * at]!, before.phasors[2 * at + 1]!]
    const [re2, im2] = [after.phasors[2 * at]!, after.phasors[2 * at + 1]!]
    const offNominal = (before.freq[pmu]! + after.freq[pmu]!) / 2 - fnom[at]!
    // An absent FREQ says nothing of it.
    const expected = Number.isNaN(offNominal) ? 0 : 2 * Math.PI * offNominal * seconds
    const turn = Math.atan2(im2, re2) - Math.atan2(im, re)
    const unwrapped = turn + 2 * Math.PI * Math.round((expected - turn) / (2 * Math.PI))
    const magnitude = Math.hypot(re, im) + part * (Math.hypot(re2, im2) - Math.hypot(re, im))
    const angle = Math.atan2(im, re) + part * unwrapped
    phasors[2 * at] = magnitude * Math.cos(angle)
    phasors[2 * at + 1] = magnitude * Math.sin(angle)
  })
  return {
    timeUs,
    timeQuality: worstTimeQuality(before.timeQuality, after.timeQuality),
    stat: before.stat.map((one) => one | Stat.dataModified),
    phasors,
    freq: even(before.freq, after.freq),
    dfreq: even(before.dfreq, after.dfreq),
    analogs: even(before.analogs, after.analogs),
    digitals: before.digitals,
  }
}
