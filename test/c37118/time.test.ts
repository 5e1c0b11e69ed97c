import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dataRateOf, framesPerSecond, frameTimeOf, microsecondsOf, timestampOf } from '../../src/c37118/index.ts'

describe('a time', () => {
  it('counts fractions of TIME_BASE', () => {
    expect(timestampOf({ soc: 1000, fraction: 250_000 }, 1_000_000)).toBe(1000.25)
    expect(microsecondsOf({ soc: 1_700_000_000, fraction: 1_677_722 }, 16_777_215)).toBe(1_700_000_000_100_000)
    expect(microsecondsOf({ soc: 0xffffffff, fraction: 999_999 }, 1_000_000)).toBe(4_294_967_295_999_999)
  })

  it('has whole seconds where a TIME_BASE of 0 leaves no more', () => {
    expect(timestampOf({ soc: 5, fraction: 7 }, 0)).toBe(5)
    expect(microsecondsOf({ soc: 5, fraction: 7 }, 0)).toBe(5_000_000)
    expect(frameTimeOf(5_500_000, 0)).toEqual({ soc: 5, fraction: 0 })
  })

  it('comes back to the microsecond where TIME_BASE is fine enough', () => {
    const time = fc.integer({ min: 0, max: 4_294_967_294_999_999 })
    fc.assert(
      fc.property(time, fc.constantFrom(1_000_000, 16_777_215), (microseconds, timeBase) => {
        const { soc, fraction } = frameTimeOf(microseconds, timeBase)
        expect(fraction).toBeLessThan(timeBase)
        expect(microsecondsOf({ soc, fraction }, timeBase)).toBe(microseconds)
      }),
    )
  })

  it('moves on to the next second when its fraction would be a whole one', () => {
    expect(frameTimeOf(7_999_999, 1000)).toEqual({ soc: 8, fraction: 0 })
  })
})

describe('DATA_RATE', () => {
  it.each([
    [50, 50],
    [1, 1],
    [-1, 1],
    [-10, 0.1],
    [0, 0],
  ])('%i is %f frames per second', (dataRate, rate) => {
    expect(framesPerSecond(dataRate)).toBe(rate)
  })

  it.each([
    [60, 60],
    [1, 1],
    [0.1, -10],
    [0, 0],
  ])('of %f frames per second is %i', (rate, dataRate) => {
    expect(dataRateOf(rate)).toBe(dataRate)
  })
})
