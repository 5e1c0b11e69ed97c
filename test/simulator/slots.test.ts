import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { slotsOfSecond } from '../../src/simulator/slots.ts'

describe('the slots of a second', () => {
  it('are shared where rates meet', () => {
    expect(slotsOfSecond([2, 4])).toEqual([
      { fraction: 0, rates: [2, 4] },
      { fraction: 0.25, rates: [4] },
      { fraction: 0.5, rates: [2, 4] },
      { fraction: 0.75, rates: [4] },
    ])
  })

  it('hold every frame of every rate exactly once, in order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 6 }), (rates) => {
        const slots = slotsOfSecond(rates)
        for (const rate of rates) {
          const fractions = slots.filter((slot) => slot.rates.includes(rate)).map(({ fraction }) => fraction)
          expect(fractions).toEqual(Array.from({ length: rate }, (_, k) => k / rate))
        }
        const all = slots.map(({ fraction }) => fraction)
        expect(all).toEqual([...new Set(all)].toSorted((a, b) => a - b))
      }),
    )
  })
})
