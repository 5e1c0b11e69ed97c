/** STAT, FREQ, DFREQ, analogs and digital words. */
import { ABSENT_FLOAT, ABSENT_WORD, fromInt16, toInt16 } from './absent.ts'
import type { ChannelCodec } from './channel-codec.ts'
import type { AnalogChannel, Configuration } from './configuration.ts'
import type { DataColumns } from './data-columns.ts'
import type { PmuPlaces } from './data-layout.ts'
import { Stat } from './stat.ts'

type WordColumn = 'stat' | 'digitals'
type NumberColumn = 'phasors' | 'freq' | 'dfreq' | 'analogs'

/** Words that stand for themselves. */
export function wordCodec(column: WordColumn, index: number, word: number, count: number): ChannelCodec {
  return {
    toPhysical(columns) {
      const { raw } = columns
      const values = column === 'stat' ? columns.stat : columns.digitals
      for (let at = 0; at < count; at++) values[index + at] = raw[word + at]!
    },
    toRaw(columns) {
      const { raw } = columns
      const values = column === 'stat' ? columns.stat : columns.digitals
      for (let at = 0; at < count; at++) raw[word + at] = values[index + at]!
    },
  }
}

/** Floats in physical units: also phasors, whatever their coordinates. */
export function floatCodec(column: NumberColumn, index: number, word: number, count: number): ChannelCodec {
  return {
    toPhysical(columns) {
      const { rawFloats } = columns
      const values = numbersOf(columns, column)
      for (let at = 0; at < count; at++) values[index + at] = rawFloats[word + at]!
    },
    toRaw(columns) {
      const values = numbersOf(columns, column)
      for (let at = 0; at < count; at++) setFloat(columns, word + at, values[index + at]!)
    },
  }
}

/** `columns[column]`, which would be looked up by name each time. */
function numbersOf(columns: DataColumns, column: NumberColumn): Float64Array {
  if (column === 'phasors') return columns.phasors
  if (column === 'freq') return columns.freq
  return column === 'dfreq' ? columns.dfreq : columns.analogs
}

function setFloat({ raw, rawFloats }: DataColumns, word: number, value: number): void {
  if (Object.is(rawFloats[word], value)) return
  if (Number.isNaN(value)) raw[word] = ABSENT_FLOAT
  else rawFloats[word] = value
}

/** FREQ and DFREQ as 16-bit integers: mHz from nominal, and 0.01 Hz/s. */
export function frequencyCodec(index: number, word: number, fnom: number): ChannelCodec {
  const nominal = 1000 * fnom
  const freqOf = (bits: number): number => (bits === ABSENT_WORD ? Number.NaN : (nominal + toInt16(bits)) / 1000)
  const dfreqOf = (bits: number): number => (bits === ABSENT_WORD ? Number.NaN : toInt16(bits) / 100)
  return {
    toPhysical({ raw, freq, dfreq }) {
      freq[index] = freqOf(raw[word]!)
      dfreq[index] = dfreqOf(raw[word + 1]!)
    },
    toRaw({ raw, freq, dfreq }) {
      const hz = freq[index]!
      const slope = dfreq[index]!
      if (!Object.is(freqOf(raw[word]!), hz)) raw[word] = orAbsent(hz, hz * 1000 - nominal)
      if (!Object.is(dfreqOf(raw[word + 1]!), slope)) raw[word + 1] = orAbsent(slope, slope * 100)
    },
  }
}

/**
 * Analogs as 16-bit integers. Their range is the user's, so that -32768 is a
 * value; it marks absence only where bits 15 and 14 of STAT say that there are
 * such marks, or that the data are bad.
 */
export function analogCodec(
  channels: readonly AnalogChannel[],
  { index, analog }: Pick<PmuPlaces, 'index' | 'analog'>,
  word: number,
  type: Configuration['type'],
): ChannelCodec {
  const scales = channels.map((channel) => analogScale(channel, type))
  const physicalOf = (bits: number, at: number, stat: number): number =>
    bits === ABSENT_WORD && (stat & Stat.dataError) !== 0
      ? Number.NaN
      : scales[at]!.factor * toInt16(bits) + scales[at]!.offset
  return {
    toPhysical({ raw, analogs, stat }) {
      for (let at = 0; at < scales.length; at++) analogs[analog + at] = physicalOf(raw[word + at]!, at, stat[index]!)
    },
    toRaw({ raw, analogs, stat }) {
      for (let at = 0; at < scales.length; at++) {
        const value = analogs[analog + at]!
        if (Object.is(physicalOf(raw[word + at]!, at, stat[index]!), value)) continue
        raw[word + at] = orAbsent(value, (value - scales[at]!.offset) / scales[at]!.factor, -0x8000)
      }
    },
  }
}

/** What a count of a 16-bit analog is: value = factor × count + offset. CFG-3 says factor and offset. In CFG-1 and CFG-2 the scaling is the user's; devices that have none send 0. */
export function analogScale(
  { scale = 0, magnitude, offset = 0 }: AnalogChannel,
  type: Configuration['type'],
): { readonly factor: number; readonly offset: number } {
  const plain = scale === 0 ? 1 : scale
  return type === 5 ? { factor: magnitude ?? plain, offset } : { factor: plain, offset: 0 }
}

/** The word for `counts`, unless `value` is absent. */
const orAbsent = (value: number, counts: number, minimum?: number): number =>
  Number.isNaN(value) ? ABSENT_WORD : fromInt16(counts, minimum)
