import {
  decodeStat,
  decodeTimeQuality,
  describeStat,
  describeTimeQuality,
  type PmuConfiguration,
  type PmuSample,
} from '../../c37118/index.ts'
import { snakeCased } from '../../runtime/snake-cased.ts'

/** The values of one PMU, units in the names. Absent numbers are NaN, which JSON writes as null. */
export function pmuJson(sample: PmuSample, pmu: PmuConfiguration, version: number): object {
  return {
    station_name: sample.stn,
    idcode: sample.idcode,
    stat: { raw: sample.stat, ...snakeCased(decodeStat(sample.stat)), text: describeStat(sample.stat, version) },
    phasors: sample.phasors.map(({ name, magnitude, angle, re, im }, i) => ({
      name,
      unit: pmu.phasors[i]!.kind === 'voltage' ? 'V' : 'A',
      magnitude,
      angle_deg: (angle * 180) / Math.PI,
      re,
      im,
    })),
    freq_hz: sample.freq,
    dfreq_hz_per_s: sample.dfreq,
    analogs: sample.analogs.map((value, i) => ({ name: pmu.analogs[i]!.name, value })),
    digitals: sample.digitals.map((word, i) => ({ word, labels: raised(word, pmu.digitals[i]!.labels) })),
  }
}

export function timeQualityJson(byte: number): object {
  return { raw: byte, ...snakeCased(decodeTimeQuality(byte)), text: describeTimeQuality(byte) }
}

/** The names of the bits that are set; a bit without one by its number. */
function raised(word: number, labels: readonly string[]): string[] {
  return labels.flatMap((label, bit) => (word & (1 << bit) ? [label || `bit ${bit}`] : []))
}
