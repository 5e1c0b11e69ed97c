import { describe, expect, it } from 'vitest'
import { gaussianTable, Random } from '../../src/simulator/random.ts'

const draw = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.uniform())

describe('the random numbers', () => {
  it('are the same for the same seed and stream, and others for others', () => {
    expect(draw(new Random(7, 3), 100)).toEqual(draw(new Random(7, 3), 100))
    expect(draw(new Random(7, 3), 100)).not.toEqual(draw(new Random(7, 4), 100))
    expect(draw(new Random(7, 3), 100)).not.toEqual(draw(new Random(8, 3), 100))
    expect(draw(new Random(7 + 2 ** 40, 3), 100)).not.toEqual(draw(new Random(7, 3), 100))
  })

  it('fill the interval evenly', () => {
    const counts = new Array<number>(10).fill(0)
    for (const value of draw(new Random(1), 100_000)) counts[Math.floor(value * 10)]!++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })

  it('are gaussian on request: mean 0, variance 1, two thirds within one deviation', () => {
    const random = new Random(1)
    const values = Array.from({ length: 100_000 }, () => random.gaussian())
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length
    expect(mean).toBeCloseTo(0, 1)
    expect(variance).toBeCloseTo(1, 1)
    expect(values.filter((value) => Math.abs(value) < 1).length / values.length).toBeCloseTo(0.683, 1)
  })

  it('come from a table of zero mean and unit variance', () => {
    expect(gaussianTable.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 9)
    expect(gaussianTable.reduce((sum, value) => sum + value * value, 0) / gaussianTable.length).toBeCloseTo(1, 9)
  })
})
