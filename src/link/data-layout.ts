import type { Configuration } from '../c37118/index.ts'

/** First octet of STAT bit 10, "configuration change". */
const CONFIGURATION_CHANGE = 0x04
const HEADER_SIZE = 14
const CHECKSUM_SIZE = 2

/** What a session needs of a configuration to watch data frames without decoding them. */
export interface DataLayout {
  /** Bytes of a data frame. */
  readonly frameSize: number
  /** Where each PMU's STAT begins. */
  readonly statOffsets: readonly number[]
}

/*
  Data => header(14) (STAT PHASORS FREQ DFREQ ANALOG DIGITAL) x NUM_PMU CHK(2)
*/
export function dataLayout({ pmus }: Configuration): DataLayout {
  const statOffsets: number[] = []
  let offset = HEADER_SIZE
  for (const { format, phasors, analogs, digitals } of pmus) {
    statOffsets.push(offset)
    offset +=
      2 +
      phasors.length * (format.phasors === 'float32' ? 8 : 4) +
      2 * (format.freq === 'float32' ? 4 : 2) +
      analogs.length * (format.analogs === 'float32' ? 4 : 2) +
      digitals.length * 2
  }
  return { frameSize: offset + CHECKSUM_SIZE, statOffsets }
}

/** Whether any PMU of a data frame says that its configuration changes. The frame must have the layout's size. */
export function configurationChangeStands(frame: Uint8Array, { statOffsets }: DataLayout): boolean {
  for (const offset of statOffsets) if (frame[offset]! & CONFIGURATION_CHANGE) return true
  return false
}
