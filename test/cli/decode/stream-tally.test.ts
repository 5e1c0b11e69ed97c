import { describe, expect, it } from 'vitest'
import { StreamTally } from '../../../src/cli/decode/stream-tally.ts'

const START = 1.7e15

function tallyOf(slots: readonly number[], rate: number | undefined, perSecond = rate ?? 50): StreamTally {
  const tally = new StreamTally()
  tally.rate = rate
  for (const slot of slots) tally.timestamp(START + Math.round((slot * 1e6) / perSecond))
  tally.settle()
  return tally
}

describe('StreamTally', () => {
  it.each<[string, number[], object]>([
    ['an unbroken stream', [0, 1, 2, 3, 4], { gaps: 0, missing: 0, duplicates: 0, stepsBack: 0 }],
    ['missing timestamps', [0, 1, 3, 4, 8], { gaps: 2, missing: 4, duplicates: 0, stepsBack: 0 }],
    ['one that comes twice', [0, 1, 1, 2, 3], { gaps: 0, missing: 0, duplicates: 1, stepsBack: 0 }],
    ['a step back', [0, 1, 2, 1, 2, 3], { gaps: 0, missing: 0, duplicates: 0, stepsBack: 1 }],
  ])('sees %s, by DATA_RATE and without it', (_case, slots, expected) => {
    for (const rate of [50, undefined]) {
      const { gaps, duplicates, stepsBack } = tallyOf(slots, rate)
      expect({ ...gaps, duplicates, stepsBack }).toEqual({ ...expected, jumps: 0 })
    }
  })

  it('takes another year for another time, not for a gap', () => {
    expect(tallyOf([0, 1, 2, 1e9, 1e9 + 1, 3, 4], 50).gaps).toEqual({ gaps: 0, missing: 0, jumps: 1 })
  })

  it.each([30, 60, 120, 1, 0.1])('finds out that it is %d frames/s', (perSecond) => {
    const slots = Array.from({ length: 100 }, (_, slot) => slot)
    expect(tallyOf(slots, undefined, perSecond).rate).toBe(perSecond)
  })

  it('has no rate where there is one frame or none', () => {
    expect(tallyOf([0], undefined).rate).toBeUndefined()
    expect(tallyOf([], undefined)).toMatchObject({ rate: undefined, firstUs: undefined })
  })
})
