import type { Format, NumberFormat } from './configuration.ts'

const POLAR = 1
const PHASORS_FLOAT = 2
const ANALOGS_FLOAT = 4
const FREQ_FLOAT = 8
const RESERVED = 0xfff0

/*
  FORMAT => UINT16
    bit 0 phasors polar, else rectangular
    bit 1 phasors float32, else int16
    bit 2 analogs float32, else int16
    bit 3 FREQ and DFREQ float32, else int16
    bits 4 to 15 reserved
*/
export function decodeFormat(word: number): Format {
  return {
    polar: (word & POLAR) !== 0,
    phasors: numberFormat(word, PHASORS_FLOAT),
    analogs: numberFormat(word, ANALOGS_FLOAT),
    freq: numberFormat(word, FREQ_FLOAT),
    ...((word & RESERVED) !== 0 && { reserved: word & RESERVED }),
  }
}

export function encodeFormat({ polar, phasors, analogs, freq, reserved = 0 }: Format): number {
  return (
    (polar ? POLAR : 0) |
    (phasors === 'float32' ? PHASORS_FLOAT : 0) |
    (analogs === 'float32' ? ANALOGS_FLOAT : 0) |
    (freq === 'float32' ? FREQ_FLOAT : 0) |
    (reserved & RESERVED)
  )
}

const numberFormat = (word: number, bit: number): NumberFormat => ((word & bit) !== 0 ? 'float32' : 'int16')
