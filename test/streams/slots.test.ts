import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SlotCounter, slotOf, slotOffset, slotsPerSecond, slotTime } from '../../src/streams/index.ts'

const rates = fc.oneof(fc.integer({ min: 1, max: 240 }), fc.integer({ min: -3600, max: -1 }))
const timeBases = fc.constantFrom(1_000_000, 1_000, 16_777_215, 1_000_000 - 1, 600)

describe('slots', () => {
  it('have a timestamp each, and are found by it, at any rate', () => {
    fc.assert(
      fc.property(rates, timeBases, fc.integer({ min: 0, max: 4_000_000_000 }), (rate, timeBase, soc) => {
        fc.pre(rate < 0 || rate < timeBase / 2)
        const slot = slotOf(soc, 0, rate, timeBase)
        for (let index = slot; index < slot + 300; index++) {
          const { soc: second, fraction } = slotTime(index, rate, timeBase)
          expect(fraction).toBeLessThan(timeBase)
          expect(slotOf(second, fraction, rate, timeBase)).toBe(index)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('of 60 frames/s are counted through, though 1/60 s has no whole microseconds', () => {
    const counter = new SlotCounter(60, 1_000_000)
    for (let index = 0; index < 600; index++) {
      const fraction = Math.floor(((index % 60) * 1_000_000) / 60)
      expect(counter.push(1000 + Math.floor(index / 60), fraction)).toBe('next')
    }
    expect(counter.offGrid).toBe(0)
  })

  it('of one frame in 10 s are on whole tens of seconds', () => {
    expect(slotOf(1_700_000_010, 0, -10, 1000) - slotOf(1_700_000_000, 0, -10, 1000)).toBe(1)
    expect(slotOffset(1_700_000_003, 0, -10, 1000)).toBeCloseTo(0.3)
    expect(slotsPerSecond(-10)).toBe(0.1)
  })

  it('tell gaps, duplicates, steps back and what is off the grid', () => {
    const counter = new SlotCounter(50, 1_000_000)
    const verdicts = [0, 1, 4, 4, 3, 4, 5.3].map((slot) => counter.push(1_700_000_000, slot * 20_000))
    expect(verdicts).toEqual(['next', 'next', 'gap', 'duplicate', 'back', 'duplicate', 'next'])
    expect(counter).toMatchObject({ missing: 1, gaps: 1, duplicates: 2, stepsBack: 1, offGrid: 1 })
  })

  it('that are filled late, between frames of now, are not missing', () => {
    const counter = new SlotCounter(50, 1_000_000)
    for (const slot of [0, 1, 100, 2, 3, 101, 4, 5, 102]) counter.push(1_700_000_000, slot * 20_000)
    expect(counter).toMatchObject({ missing: 94, gaps: 1, duplicates: 0, stepsBack: 2 })
    for (let slot = 6; slot < 100; slot++) counter.push(1_700_000_000, slot * 20_000)
    expect(counter).toMatchObject({ missing: 0, gaps: 1 })
  })

  it('before the first frame were not to be expected', () => {
    const counter = new SlotCounter(50, 1_000_000)
    for (const slot of [50, 10, 20, 51]) counter.push(1_700_000_000, slot * 20_000)
    expect(counter).toMatchObject({ missing: 0, stepsBack: 1 })
  })

  it('are remembered up to a bound: what is missing stays counted', () => {
    const counter = new SlotCounter(50, 1_000_000)
    for (let slot = 0; slot < 20_000; slot += 2) counter.push(1_700_000_000, slot * 20_000)
    expect(counter.missing).toBe(9999)
  })
})
