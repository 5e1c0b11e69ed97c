import { describe, expect, it } from 'vitest'
import { angleStatisticsOf, statisticsOf } from '../../dashboard/src/compare/statistics.ts'

const times = [1, 2, 3, 4, 5]

describe('the statistics of a line', () => {
  it('are of the values in the window', () => {
    expect(statisticsOf(times, [100, 1, null, 3, 8], 2, 4)).toEqual({ newest: 3, min: 1, max: 3, mean: 2 })
  })

  it('say that there is none', () => {
    const none = Number.NaN
    expect(statisticsOf(times, [1, null, undefined, null, 2], 2, 4)).toEqual({
      newest: none,
      min: none,
      max: none,
      mean: none,
    })
  })

  it('of angles know no edge at ±180°', () => {
    const { newest, min, max, mean } = angleStatisticsOf(times, [178, -178, 179, -179, 180], 0, 9)
    expect([newest, min, max, mean].map((value) => Math.abs(Math.round(value * 1e6) / 1e6))).toEqual([
      180, 178, 178, 180,
    ])
    expect([Math.sign(min), Math.sign(max)]).toEqual([1, -1])
  })

  it('of an angle that turns around have no least and no mean', () => {
    const { newest, mean } = angleStatisticsOf(times, [0, 90, 180, -90, 0], 0, 4)
    expect([Math.round(newest), mean]).toEqual([-90, Number.NaN])
  })
})
