import { describe, expect, it } from 'vitest'
import { decodeStat, decodeTimeQuality, encodeStat, encodeTimeQuality } from '../../src/c37118/index.ts'
import { carryStat, worstTimeQuality } from '../../src/pdc/carry-stat.ts'

describe('STAT of a PMU in the frame of a PDC', () => {
  it('says all that the PMU said', () => {
    for (const stat of [0x0000, 0x0800, 0x21f0, 0xe7ff]) expect(carryStat(stat, 2, 0, 0)).toBe(stat)
  })

  it('says how good the time of the PMU is, which its own FRACSEC said, and never better', () => {
    const of = (indicator: number, timeQuality = 0) =>
      decodeStat(carryStat(encodeStat({ timeQuality }), 2, encodeTimeQuality({ indicator }), 0)).timeQuality
    expect(Array.from({ length: 16 }, (_, indicator) => of(indicator))).toEqual([
      0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7, 7, 7,
    ])
    expect([of(4, 6), of(8, 1), of(0, 5)]).toEqual([6, 6, 5])
  })

  it('has no bits that meant nothing in 2005, and the same words for bad data', () => {
    expect(carryStat(0xffff, 1, 0, 0)).toBe(0xfc3f)
    expect(carryStat(0x8000, 1, 0, 0)).toBe(0x8000)
  })

  it('has what the PDC adds', () => {
    expect(carryStat(0x0001, 2, 0, 0x1600)).toBe(0x1601)
  })
})

describe('the time quality of a PDC’s frame', () => {
  it('is the worst of what is in it, with all that is known of leap seconds', () => {
    const one = encodeTimeQuality({ indicator: 4, leapSecondPending: true })
    const other = encodeTimeQuality({ indicator: 6, leapSecondOccurred: true })
    for (const worst of [worstTimeQuality(one, other), worstTimeQuality(other, one)]) {
      expect(decodeTimeQuality(worst)).toMatchObject({
        indicator: 6,
        leapSecondPending: true,
        leapSecondOccurred: true,
      })
    }
  })
})
