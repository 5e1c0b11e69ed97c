import type { Configuration } from './configuration.ts'
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

/** STAT of a block of which nothing is known: absent, not synchronised, time quality unknown, unlocked for who knows how long. */
export const ABSENT_STAT = 0x8000 | Stat.notSynchronised | Stat.timeQuality | Stat.unlockedTime

/** Whether a PMU's block, at this offset, says that nothing is known of it. */
export const isAbsentBlock = (frame: Uint8Array, offset: number): boolean =>
  (((frame[offset]! << 8) | frame[offset + 1]!) & ABSENT_STAT) === ABSENT_STAT

/** A data frame in which nothing is known of any PMU: every value marked absent (C37.118.2-2011, tables 6 and 7). */
export function absentFrame(configuration: Configuration): Uint8Array {
  const encoder = compileEncoder(configuration)
  const columns = encoder.createColumns()
  columns.stat.fill(ABSENT_STAT)
  for (const values of [columns.phasors, columns.freq, columns.dfreq, columns.analogs]) values.fill(Number.NaN)
  return encoder.encode(columns)
}
