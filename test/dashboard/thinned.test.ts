import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Series } from '../../dashboard/src/scene/series.ts'
import { thinned } from '../../dashboard/src/scene/thinned.ts'

/** A minute of 50 a second. */
const minuteOf = (...rows: readonly ((n: number) => number | null | undefined)[]): Series => ({
  times: Array.from({ length: 3000 }, (_, n) => 1000 + n / 50),
  values: rows.map((row) => Array.from({ length: 3000 }, (_, n) => row(n))),
})

describe('a thinned series', () => {
  it('is the same where it is small enough', () => {
    const series = minuteOf((n) => n)
    expect(thinned(series, 3000)).toBe(series)
  })

  it('has no more values than were asked for, times that grow, and every peak', () => {
    const series = minuteOf(
      (n) => (n === 1234 ? 99 : Math.sin(n)),
      (n) => (n === 2345 ? -99 : Math.cos(n)),
    )
    const { times, values } = thinned(series, 1000)
    expect(times.length * 2).toBeLessThanOrEqual(1000 + 8)
    expect(times.length).toBeGreaterThan(300)
    for (let at = 1; at < times.length; at++) expect(times[at]!).toBeGreaterThan(times[at - 1]!)
    expect(values[0]).toContain(99)
    expect(values[1]).toContain(-99)
  })

  it('keeps the least and the greatest of any values', () => {
    const rows = fc.array(fc.option(fc.double({ noNaN: true, min: -1e6, max: 1e6 })), {
      minLength: 3000,
      maxLength: 3000,
    })
    fc.assert(
      fc.property(rows, (row) => {
        const numbers = (values: readonly unknown[]): number[] => values.filter((value) => typeof value === 'number')
        const kept = new Set(
          numbers(
            thinned(
              minuteOf((n) => row[n]),
              300,
            ).values[0]!,
          ),
        )
        // A part with a gap has room for one.
        for (const value of kept) expect(row).toContain(value)
        const whole = row.map((value) => value ?? 0)
        const [least, greatest] = [Math.min(...whole), Math.max(...whole)]
        const all = numbers(
          thinned(
            minuteOf((n) => whole[n]),
            300,
          ).values[0]!,
        )
        expect([Math.min(...all), Math.max(...all)]).toEqual([least, greatest])
      }),
      { numRuns: 20 },
    )
  })

  it('shows a gap of one frame, and none where nothing was due', () => {
    const series = minuteOf(
      (n) => (n === 1500 ? null : 1),
      (n) => (n % 5 === 0 ? n : undefined),
    )
    const { values } = thinned(series, 1000)
    expect(values[0]!.filter((value) => value === null)).toHaveLength(1)
    expect(values[1]!.filter((value) => value === null)).toHaveLength(0)
  })

  it('stands still while time goes on', () => {
    const at = (from: number): Series => {
      const numbers = Array.from({ length: 3000 }, (_, n) => from + n)
      return { times: numbers.map((n) => 1000 + n / 50), values: [numbers.map((n) => Math.sin(n))] }
    }
    const [one, next] = [thinned(at(0), 300), thinned(at(40), 300)]
    const told = (series: Series) => series.times.map((timeS, n) => [timeS, series.values[0]![n]] as const)
    const later = new Map(told(next))
    const both = told(one)
      .slice(4, -4)
      .filter(([timeS]) => timeS > next.times[3]!)
    expect(both.length).toBeGreaterThan(100)
    for (const [timeS, value] of both) expect(later.get(timeS)).toBe(value)
  })
})
