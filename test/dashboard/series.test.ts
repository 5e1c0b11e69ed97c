import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anglesAgainst, joinSeries, type Series } from '../../dashboard/src/scene/series.ts'

const rad = (degrees: number): number => (degrees * Math.PI) / 180

describe('joined series', () => {
  it('have one row of times: what is not due at a time breaks no line, and a gap does', () => {
    const fast = { times: [1, 1.02, 1.04, 1.06], values: [[1, 2, null, 4]] }
    const slow = { times: [1, 1.05], values: [[10, 20], ['a', 'b'] as never] }
    expect(joinSeries([fast, slow])).toEqual({
      times: [1, 1.02, 1.04, 1.05, 1.06],
      values: [
        [1, 2, null, undefined, 4],
        [10, undefined, undefined, 20, undefined],
        ['a', undefined, undefined, 'b', undefined],
      ],
    })
  })

  it('lack what has ended, once its last value holds no more', () => {
    const ended = { times: [1, 2], values: [[1, 2]], holdsS: 1.5 }
    const goesOn = { times: [1, 2, 3, 4, 5], values: [[6, 7, 8, 9, 10]] }
    expect(joinSeries([ended, goesOn]).values[0]).toEqual([1, 2, undefined, null, null])
  })

  it('take for one instant what TIME_BASE rounded', () => {
    const exact = { times: [0.033333, 0.066667], values: [[1, 2]] }
    const rounded = { times: [0.033, 0.067], values: [[3, 4]] }
    expect(joinSeries([exact, rounded]).values).toEqual([
      [1, 2],
      [3, 4],
    ])
  })

  it('keep every value of every series, in order, whatever their times', () => {
    const series = fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 60 }).map((slots): Series => {
      const times = slots.sort((one, other) => one - other).map((slot) => slot / 100)
      return { times, values: [times.map((timeS) => timeS * 7)] }
    })
    fc.assert(
      fc.property(fc.array(series, { maxLength: 6 }), (parts) => {
        const { times, values } = joinSeries(parts)
        for (let at = 1; at < times.length; at++) expect(times[at]!).toBeGreaterThan(times[at - 1]!)
        parts.forEach((part, n) => {
          expect(values[n]!.filter((value) => value !== undefined)).toEqual(part.values[0])
          expect(values[n]!).toHaveLength(times.length)
        })
      }),
    )
  })
})

describe('angles against a reference', () => {
  it('are those of the same instant, within ±180°', () => {
    const series = { times: [1, 1.02, 1.04], values: [[rad(170), rad(-170), rad(10)]] }
    const reference = { times: [1, 1.02, 1.04], values: [[rad(-170), rad(170), rad(-20)]] }
    const [row] = anglesAgainst(series, reference)
    expect(row!.map((value) => Number(value!.toFixed(9)))).toEqual([-20, 20, 30])
  })

  it('are absent where either is, or the reference has no such instant', () => {
    const series = { times: [1, 1.02, 1.04, 1.06], values: [[1, null, 1, 1]] }
    const reference = { times: [1.02, 1.04, 1.055], values: [[1, null, 1]] }
    expect(anglesAgainst(series, reference)).toEqual([[null, null, null, null]])
  })

  it('are as they were sent without one', () => {
    expect(anglesAgainst({ times: [1], values: [[Math.PI / 2]] }, undefined)).toEqual([[90]])
  })
})
