import { type DataColumns, Stat } from '../c37118/index.ts'
import { carryStat } from './carry-stat.ts'

/** All channels of one frame, in physical units; phasors as they can be added: real and imaginary parts. */
export interface RatedSample {
  /** µs since the UNIX epoch. */
  readonly timeUs: number
  readonly timeQuality: number
  /** Per PMU, with the time quality of its frame in PMU_TQ. */
  readonly stat: Uint16Array
  /** Two numbers per phasor, V or A; NaN where absent. */
  readonly phasors: Float64Array
  /** Hz. */
  readonly freq: Float64Array
  /** Hz/s. */
  readonly dfreq: Float64Array
  readonly analogs: Float64Array
  readonly digitals: Uint16Array
}

/** `isPolar`: by phasor, whether the columns have magnitude and angle. */
export function sampleOf(columns: DataColumns, timeUs: number, isPolar: readonly boolean[]): RatedSample {
  const { version, timeQuality, stat, phasors, freq, dfreq, analogs, digitals } = columns
  const rectangular = phasors.slice()
  isPolar.forEach((polar, at) => {
    if (!polar) return
    const [magnitude, angle] = [phasors[2 * at]!, phasors[2 * at + 1]!]
    rectangular[2 * at] = magnitude * Math.cos(angle)
    rectangular[2 * at + 1] = magnitude * Math.sin(angle)
  })
  return {
    timeUs,
    timeQuality,
    stat: stat.map((one) => carryStat(one, version, timeQuality, 0)),
    phasors: rectangular,
    freq: freq.slice(),
    dfreq: dfreq.slice(),
    analogs: analogs.slice(),
    digitals: digitals.slice(),
  }
}

/** The same at another instant: it is not of it, and says so. */
export function movedTo(sample: RatedSample, timeUs: number): RatedSample {
  return { ...sample, timeUs, stat: sample.stat.map((one) => one | Stat.dataModified) }
}
