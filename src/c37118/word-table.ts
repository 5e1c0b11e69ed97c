import type { Configuration, NumberFormat } from './configuration.ts'
import { layoutOf } from './data-layout.ts'
import { packWords, unpackWords } from './data-words.ts'

/** What a number of a data frame is. */
export interface DataWord {
  /** Index of its PMU. */
  readonly pmu: number
  readonly kind: 'stat' | 'phasor' | 'freq' | 'dfreq' | 'analog' | 'digital'
  /** Index of the channel among those of its kind, of its PMU. */
  readonly channel: number
  /** Of a phasor: `re` and `im` where FORMAT says rectangular, `magnitude` and `angle` where it says polar. */
  readonly part: 're' | 'im' | 'magnitude' | 'angle' | undefined
  readonly type: 'int16' | 'uint16' | 'float32'
}

/** The data frames of a configuration as rows of numbers, to the bit. */
export interface WordTable {
  readonly frameSize: number
  /** In wire order. */
  readonly words: readonly DataWord[]
  /** The bits of each: uint16, or uint32 of a float. The frame is one of the configuration; it is not checked. */
  unpack(frame: Uint8Array, bits: Uint32Array): void
  /** Into the place of the numbers of a frame: its header and its CHK stay as they are. */
  pack(bits: Uint32Array, frame: Uint8Array): void
}

/** For whoever keeps frames in columns. Made once for a configuration. */
export function wordTable(configuration: Configuration): WordTable {
  const { frameSize, runs } = layoutOf(configuration)
  const words = configuration.pmus.flatMap(({ format, phasors, analogs, digitals }, pmu): DataWord[] => {
    const word = (
      kind: DataWord['kind'],
      channel: number,
      type: DataWord['type'],
      part?: DataWord['part'],
    ): DataWord => ({
      pmu,
      kind,
      channel,
      part,
      type,
    })
    const parts = format.polar ? (['magnitude', 'angle'] as const) : (['re', 'im'] as const)
    const number = (of: NumberFormat, part?: DataWord['part']): DataWord['type'] =>
      of === 'float32' ? of : part === 'magnitude' ? 'uint16' : 'int16'
    return [
      word('stat', 0, 'uint16'),
      ...phasors.flatMap((_, channel) =>
        parts.map((part) => word('phasor', channel, number(format.phasors, part), part)),
      ),
      word('freq', 0, number(format.freq)),
      word('dfreq', 0, number(format.freq)),
      ...analogs.map((_, channel) => word('analog', channel, number(format.analogs))),
      ...digitals.map((_, channel) => word('digital', channel, 'uint16')),
    ]
  })
  return {
    frameSize,
    words,
    unpack: (frame, bits) => unpackWords(frame, runs, bits),
    pack: (bits, frame) => packWords(bits, runs, frame),
  }
}
