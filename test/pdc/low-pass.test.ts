import { describe, expect, it } from 'vitest'
import { lowPassFor } from '../../src/pdc/low-pass.ts'

/** Decibels of what comes out at this frequency, when samples at `from` per second are weighed for an instant `shiftS` off them. */
function responseDb(from: number, to: number, hz: number, shiftS = 0): number {
  const { halfS, weight } = lowPassFor(from, to)
  let [re, im, sum] = [0, 0, 0]
  for (let n = Math.ceil((-halfS - shiftS) * from - 1e-9); n <= (halfS - shiftS) * from + 1e-9; n++) {
    const offsetS = n / from + shiftS
    const h = weight(offsetS)
    re += h * Math.cos(2 * Math.PI * hz * offsetS)
    im += h * Math.sin(2 * Math.PI * hz * offsetS)
    sum += h
  }
  return 20 * Math.log10(Math.hypot(re, im) / sum)
}

describe.each([
  [50, 25],
  [50, 10],
  [60, 30],
  [100, 50],
  [120, 10],
  [60, 50],
  [50, 1],
])('the filter from %d to %d frames/s', (from, to) => {
  const shifts = [0, 0.3 / from]

  it('is flat to 0.1 dB up to 0.4 of the new rate', () => {
    for (let f = 0; f <= 0.4; f += 0.01) {
      for (const shift of shifts) expect(Math.abs(responseDb(from, to, f * to, shift))).toBeLessThan(0.1)
    }
  })

  it('is 40 dB down from 0.6 of the new rate to half of the old one', () => {
    for (let f = 0.6 * to; f <= from / 2; f += to / 100) {
      for (const shift of shifts) expect(responseDb(from, to, f, shift)).toBeLessThan(-40)
    }
  })

  it('is symmetric: it delays all by half of its length', () => {
    const { halfS, weight } = lowPassFor(from, to)
    for (let n = 0; n <= halfS * from; n++) expect(weight(n / from)).toBe(weight(-n / from))
    expect((halfS * from) % 1).toBeCloseTo(0, 9)
    expect(weight(halfS + 1e-6)).toBe(0)
  })
})
