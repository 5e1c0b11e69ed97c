import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeStat,
  decodeTimeQuality,
  describeStat,
  describeTimeQuality,
  encodeStat,
  encodeTimeQuality,
  Stat,
} from '../../src/c37118/index.ts'

describe('STAT', () => {
  it.each([
    [0x0000, 'good'],
    [0x0800, 'trigger: manual'],
    [0x21f0, 'not synchronised; time error above 10 ms or unknown; unlocked for more than 1000 s'],
    [0x4000, 'PMU error, no information about data'],
    [0x8000, 'test mode or absent data'],
    [0xc000, 'PMU error'],
    [0x1e07, 'sorted by arrival; trigger: digital; configuration change; data modified'],
    [0x0804, 'trigger: frequency high or low'],
    [0x080f, 'trigger: user-defined'],
    [0x0050, 'time error below 100 ns; unlocked for 10 to 100 s'],
  ])('%i says in the words of 2011: %s', (stat, words) => {
    expect(describeStat(stat)).toBe(words)
  })

  it.each([
    [0x8000, 'data invalid'],
    [0x4000, 'PMU error'],
    [0xc000, 'data invalid; PMU error'],
    [0x2805, 'not synchronised; trigger: df/dt high'],
    [0x0400, 'configuration change'],
  ])('%i says in the words of 2005: %s', (stat, words) => {
    expect(describeStat(stat, 1)).toBe(words)
  })

  it('has sixteen bits, all of which survive', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), (stat) => {
        expect(encodeStat(decodeStat(stat))).toBe(stat)
      }),
    )
    expect(encodeStat({})).toBe(0)
    expect(Object.values(Stat).reduce<number>((all, mask) => all | mask, 0)).toBe(0xffff)
  })
})

describe('the time quality', () => {
  it.each([
    [0x00, 'locked to UTC'],
    [0x01, 'within 1 ns'],
    [0x0b, 'within 10 s'],
    [0x0c, 'reserved'],
    [0x0f, 'clock failure'],
    [0x10, 'locked to UTC; leap second to add pending'],
    [0x50, 'locked to UTC; leap second to delete pending'],
    [0x24, 'within 1 µs; leap second added'],
    [0x60, 'locked to UTC; leap second deleted'],
  ])('%i says: %s', (byte, words) => {
    expect(describeTimeQuality(byte)).toBe(words)
  })

  it('has eight bits, all of which survive', () => {
    for (let byte = 0; byte < 256; byte++) expect(encodeTimeQuality(decodeTimeQuality(byte))).toBe(byte)
    expect(decodeTimeQuality(0x70)).toEqual({
      reserved: false,
      leapSecondDeleted: true,
      leapSecondOccurred: true,
      leapSecondPending: true,
      indicator: 0,
    })
  })
})
