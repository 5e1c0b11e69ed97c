import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layOut, spotsOf } from '../../dashboard/src/parts/one-line-layout.ts'
import { feeder33 } from '../../src/network/index.ts'

const network = (branches: readonly (readonly [string, string])[]) => ({
  buses: [...new Set(branches.flat())],
  branches: branches.map(([from, to]) => ({ from, to, closed: true })),
})

describe('the one-line diagram', () => {
  it('has the longest way straight on, and each lateral in a row of its own', () => {
    const { places, columns, rows } = layOut({
      buses: feeder33.buses.map(({ bus }) => `${bus}`),
      branches: feeder33.branches.map(({ from, to, closed }) => ({ from: `${from}`, to: `${to}`, closed })),
    })
    expect([columns, rows]).toEqual([18, 4])
    for (let bus = 1; bus <= 18; bus++) expect(places.get(`${bus}`)).toMatchObject({ column: bus - 1, row: 0 })
    expect(places.get('19')).toMatchObject({ column: 2 })
    expect(places.get('22')!.row).toBe(places.get('19')!.row)
    expect(new Set(['18', '22', '25', '33'].map((bus) => places.get(bus)!.row)).size).toBe(4)
  })

  it('gives every bus of any network a place of its own, rings and islands too', () => {
    const bus = fc.integer({ min: 1, max: 30 }).map(String)
    fc.assert(
      fc.property(fc.array(fc.tuple(bus, bus), { minLength: 1, maxLength: 60 }), (branches) => {
        const { places, columns, rows } = layOut(network(branches))
        const spots = [...places.values()].map(({ column, row }) => `${column},${row}`)
        expect(places.size).toBe(new Set(branches.flat()).size)
        expect(new Set(spots).size).toBe(places.size)
        for (const { column, row } of places.values()) expect(column < columns && row < rows).toBe(true)
      }),
    )
  })

  it('sets the PMUs of one bus apart, and what is told of them', () => {
    const bus = fc.integer({ min: 1, max: 4 }).map((column) => ({ bus: `${column}`, column, row: 0 }))
    fc.assert(
      fc.property(fc.array(bus, { maxLength: 12 }), (places) => {
        const spots = spotsOf(places)
        for (const { bus } of places) {
          const of = spots.filter((_, at) => places[at]!.bus === bus)
          const sides = of.map(({ beside }) => beside)
          expect(new Set(sides).size).toBe(of.length)
          expect(Math.max(...sides.map(Math.abs))).toBeLessThanOrEqual(0.5 + 1e-9)
          expect(new Set(of.map(({ isBelow, tier }) => `${isBelow} ${tier}`)).size).toBe(of.length)
        }
      }),
    )
    expect(spotsOf([{ bus: '1', column: 0, row: 0 }])).toEqual([{ beside: 0, isBelow: true, tier: 0 }])
  })
})
