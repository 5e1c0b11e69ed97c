import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  around,
  bounded,
  durationOf,
  inputOf,
  isoMicrosOf,
  isoOf,
  lastOf,
  lengthUs,
  shifted,
  usOf,
  usOfInput,
  zoomed,
} from '../../dashboard/src/history/period.ts'

const noonUs = Date.UTC(2026, 10, 29, 12) * 1000
const period = { fromUs: noonUs, toUs: noonUs + 60e6 }

describe('a period', () => {
  it('is the last minutes, twice as long, half a length back', () => {
    expect(lastOf(300e6, noonUs)).toEqual({ fromUs: noonUs - 300e6, toUs: noonUs })
    expect(zoomed(period, 2)).toEqual({ fromUs: noonUs - 30e6, toUs: noonUs + 90e6 })
    expect(shifted(period, -0.5)).toEqual({ fromUs: noonUs - 30e6, toUs: noonUs + 30e6 })
  })

  it('is zoomed around what is looked at', () => {
    expect(zoomed(period, 0.5, noonUs + 10e6)).toEqual({ fromUs: noonUs + 5e6, toUs: noonUs + 35e6 })
  })

  it('is no shorter than a few samples, no longer than the API gives, and not before 1970', () => {
    expect(lengthUs(bounded({ fromUs: noonUs, toUs: noonUs + 1 }))).toBe(20_000)
    expect(lengthUs(bounded({ fromUs: 0, toUs: 1e18 }))).toBe(366 * 86_400e6)
    expect(bounded({ fromUs: -50e6, toUs: 10e6 })).toEqual({ fromUs: 0, toUs: 60e6 })
  })

  it('has an event with what was before and after it', () => {
    expect(around(noonUs, null)).toEqual({ fromUs: noonUs - 5e6, toUs: noonUs + 5e6 })
    expect(around(noonUs, noonUs + 80e6)).toEqual({ fromUs: noonUs - 20e6, toUs: noonUs + 100e6 })
  })

  it.each([
    [20_000, '20 ms'],
    [1_500_000, '1.5 s'],
    [300e6, '5 min'],
    [90 * 60e6, '1 h 30 min'],
    [7 * 86_400e6, '7 d'],
  ])('of %s µs is told as %s', (us, text) => {
    expect(durationOf(us)).toBe(text)
  })
})

describe('a time', () => {
  it('is written and read to the microsecond', () => {
    expect([isoOf(noonUs), isoOf(noonUs + 20_000), isoMicrosOf(noonUs + 20_000)]).toEqual([
      '2026-11-29T12:00:00Z',
      '2026-11-29T12:00:00.02Z',
      '2026-11-29T12:00:00.020000Z',
    ])
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000_000 }), (us) => {
        expect([usOf(isoOf(us)), usOf(isoMicrosOf(us)), usOf(String(us))]).toEqual([us, us, us])
      }),
    )
  })

  it('is none, whatever else is written', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const us = usOf(text)
        expect(us === undefined || /^\d+$/.test(text)).toBe(true)
      }),
    )
  })

  it('goes into an input and comes out, in UTC and as clocks here have it', () => {
    expect(inputOf(noonUs + 20_000, true)).toBe('2026-11-29T12:00:00.020')
    for (const isUtc of [true, false]) expect(usOfInput(inputOf(noonUs + 20_000, isUtc), isUtc)).toBe(noonUs + 20_000)
    expect(usOfInput('', true)).toBeUndefined()
  })
})
