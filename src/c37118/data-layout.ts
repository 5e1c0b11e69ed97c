import type { Configuration, PmuConfiguration } from './configuration.ts'
import { HEADER_SIZE, MIN_FRAME_SIZE } from './frame.ts'

/** Bytes of one number on the wire. */
export type WordSize = 2 | 4

/** Numbers of equal size that follow each other: how a data frame is cut into words. */
export interface WordRun {
  readonly size: WordSize
  readonly count: number
  /** Byte in the frame at which the run begins. */
  readonly offset: number
  /** Index of its first word among all words of the frame. */
  readonly word: number
}

/** Where the numbers of one PMU are: first indices in the columns of the same names. */
export interface PmuPlaces {
  readonly pmu: PmuConfiguration
  /** Index of the PMU, of its STAT, FREQ and DFREQ. */
  readonly index: number
  /** Index among the phasors of all PMUs; each takes two numbers. */
  readonly phasor: number
  readonly analog: number
  readonly digital: number
  /** Index of the PMU's first word, STAT. Then phasors, FREQ, DFREQ, analogs, digitals, as on the wire. */
  readonly word: number
}

/** What a configuration makes of the data frames it describes. */
export interface DataLayout {
  readonly frameSize: number
  readonly words: number
  readonly phasors: number
  readonly analogs: number
  readonly digitals: number
  readonly runs: readonly WordRun[]
  readonly pmus: readonly PmuPlaces[]
}

/*
  DATA => header (STAT PHASORS FREQ DFREQ ANALOG DIGITAL) x NUM_PMU CHK
    STAT        => UINT16
    PHASORS     => (INT16 INT16 | FLOAT32 FLOAT32) x PHNMR
    FREQ, DFREQ => INT16 | FLOAT32
    ANALOG      => (INT16 | FLOAT32) x ANNMR
    DIGITAL     => UINT16 x DGNMR
*/
export function layoutOf(configuration: Configuration): DataLayout {
  const runs = new RunBuilder()
  const counts = { phasors: 0, analogs: 0, digitals: 0 }
  const pmus = configuration.pmus.map((pmu, index): PmuPlaces => {
    const { phasors, analogs, digitals, format } = pmu
    const places = {
      pmu,
      index,
      phasor: counts.phasors,
      analog: counts.analogs,
      digital: counts.digitals,
      word: runs.words,
    }
    runs.add(2, 1)
    runs.add(sizeOfNumber(format.phasors), 2 * phasors.length)
    runs.add(sizeOfNumber(format.freq), 2)
    runs.add(sizeOfNumber(format.analogs), analogs.length)
    runs.add(2, digitals.length)
    counts.phasors += phasors.length
    counts.analogs += analogs.length
    counts.digitals += digitals.length
    return places
  })
  return { frameSize: MIN_FRAME_SIZE + runs.bytes, words: runs.words, ...counts, runs: runs.all, pmus }
}

/** Size of the data frames that a configuration describes, in bytes. */
export const dataFrameSize = (configuration: Configuration): number => layoutOf(configuration).frameSize

const sizeOfNumber = (format: 'int16' | 'float32'): WordSize => (format === 'int16' ? 2 : 4)

/** Joins what stands side by side and has the same size. */
class RunBuilder {
  readonly all: WordRun[] = []
  words = 0
  bytes = 0

  add(size: WordSize, count: number): void {
    if (count === 0) return
    const last = this.all.at(-1)
    if (last?.size === size) this.all[this.all.length - 1] = { ...last, count: last.count + count }
    else this.all.push({ size, count, offset: HEADER_SIZE + this.bytes, word: this.words })
    this.words += count
    this.bytes += size * count
  }
}
