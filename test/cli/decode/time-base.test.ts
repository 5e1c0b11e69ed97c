import { describe, expect, it } from 'vitest'
import { inferTimeBase } from '../../../src/cli/decode/time-base.ts'

const grid = (base: number, rate: number, round: (value: number) => number = Math.round): Set<number> =>
  new Set(Array.from({ length: rate }, (_, slot) => round((slot * base) / rate)))

describe('inferTimeBase', () => {
  it.each([
    [1_000_000, 30],
    [1_000_000, 60],
    [1_000_000, 50],
    [16_777_215, 50],
    [16_777_215, 10],
    [1000, 25],
    [10_000_000, 120],
  ])('knows %i by the fractions of %i frames/s, however they were rounded', (base, rate) => {
    for (const round of [Math.round, Math.floor, Math.ceil]) {
      expect(inferTimeBase(grid(base, rate, round))).toBe(base)
    }
  })

  it('does not guess from a part of a second', () => {
    expect(inferTimeBase(new Set([0, 20_000, 40_000, 60_000, 80_000, 100_000]))).toBeUndefined()
  })

  it.each([
    ['too few', [0, 500_000]],
    ['fractions on no grid', [1, 77_777, 123_456, 400_001, 654_321, 987_654]],
  ])('does not guess from %s', (_case, fractions) => {
    expect(inferTimeBase(new Set(fractions))).toBeUndefined()
  })
})
