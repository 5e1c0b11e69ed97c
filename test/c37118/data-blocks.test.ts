import { describe, expect, it } from 'vitest'
import {
  absentFrame,
  compileDecoder,
  dataBlocks,
  dataFrameSize,
  decodeStat,
  type Format,
  type PmuConfiguration,
} from '../../src/c37118/index.ts'

const formats: Format[] = [true, false].flatMap((polar) =>
  (['int16', 'float32'] as const).map((number) => ({ polar, phasors: number, analogs: number, freq: number })),
)
const pmuOf = (format: Format, idcode: number): PmuConfiguration => ({
  stn: `PMU ${idcode}`,
  idcode,
  format,
  phasors: [
    { name: 'VA', kind: 'voltage' },
    { name: 'IA', kind: 'current' },
  ],
  analogs: [{ name: 'P' }],
  digitals: [{ labels: [], normal: 0, valid: 0xffff }],
  fnom: 50,
  cfgcnt: 0,
})
const configuration = {
  type: 3,
  version: 2,
  idcode: 7,
  soc: 0,
  fraction: 0,
  timeQuality: 0,
  timeBase: 1_000_000,
  timeBaseFlags: 0,
  dataRate: 50,
  pmus: formats.map((format, index) => pmuOf(format, index + 1)),
} as const

describe('the blocks of a data frame', () => {
  it('lie one after the other, and fill it', () => {
    const places = dataBlocks(configuration)
    expect(places[0]!.offset).toBe(14)
    for (const [index, { offset, size }] of places.entries()) {
      expect(places[index + 1]?.offset ?? dataFrameSize(configuration) - 2).toBe(offset + size)
    }
  })

  it('of PMUs that are absent have no value, and say so', () => {
    const frame = absentFrame(configuration)
    for (const { stat, phasors, freq, dfreq, analogs, digitals } of compileDecoder(configuration).decode(frame).pmus) {
      expect(decodeStat(stat)).toMatchObject({ dataError: 0b10, synchronised: false, timeQuality: 7 })
      expect(phasors.flatMap(({ magnitude, angle }) => [magnitude, angle]).every(Number.isNaN)).toBe(true)
      expect([freq, dfreq, ...analogs].every(Number.isNaN)).toBe(true)
      expect(digitals).toEqual([0])
    }
  })
})
