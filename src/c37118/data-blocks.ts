import type { Configuration, PmuConfiguration } from './configuration.ts'
import { compileEncoder } from './data-encoder.ts'
import { layoutOf } from './data-layout.ts'
import { CHECKSUM_SIZE, HEADER_SIZE } from './frame.ts'
import { Stat } from './stat.ts'

/** The bytes of one PMU in the data frames of a configuration, STAT first. */
export interface BlockPlace {
  readonly offset: number
  readonly size: number
}

/** Where the blocks of the PMUs are, in their order. */
export function dataBlocks(configuration: Configuration): readonly BlockPlace[] {
  let offset = HEADER_SIZE
  return configuration.pmus.map((pmu) => {
    const size = layoutOf({ ...configuration, pmus: [pmu] }).frameSize - HEADER_SIZE - CHECKSUM_SIZE
    const place = { offset, size }
    offset += size
    return place
  })
}

/** Absent, not synchronised, time quality unknown, unlocked for who knows how long. */
const ABSENT_STAT = 0x8000 | Stat.notSynchronised | Stat.timeQuality | Stat.unlockedTime

/** The block of a PMU of which nothing is known: every value marked absent. */
export function absentBlock(pmu: PmuConfiguration, type: Configuration['type']): Uint8Array {
  const encoder = compileEncoder({
    type,
    version: 2,
    idcode: 0,
    soc: 0,
    fraction: 0,
    timeQuality: 0,
    timeBase: 1,
    timeBaseFlags: 0,
    dataRate: 1,
    pmus: [pmu],
  })
  const columns = encoder.createColumns()
  columns.stat[0] = ABSENT_STAT
  for (const values of [columns.phasors, columns.freq, columns.dfreq, columns.analogs]) values.fill(Number.NaN)
  const frame = encoder.encode(columns)
  return frame.subarray(HEADER_SIZE, frame.length - CHECKSUM_SIZE)
}
