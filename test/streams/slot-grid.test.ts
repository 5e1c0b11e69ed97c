import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type GridSource, SlotGrid } from '../../src/streams/index.ts'

/** Any base that FRACSEC can count, the usual ones more often; any rate that it can tell apart. */
const bases = fc.oneof(
  fc.constantFrom(1_000_000, 1_000, 600, 16_777_215, 65_536, 10_000_000, 999_983),
  fc.integer({ min: 1, max: 0xff_ffff }),
)
const sources: fc.Arbitrary<GridSource> = bases.chain((timeBase) =>
  fc
    .oneof(
      fc.constantFrom(1, 7, 10, 25, 30, 50, 60, 100, 120, 200, 240).map((rate) => Math.min(rate, timeBase)),
      fc.integer({ min: 1, max: Math.min(timeBase, 32_767) }),
      fc.integer({ min: -32_768, max: -1 }),
    )
    .map((dataRate) => ({ dataRate, timeBase })),
)
const grids = sources.map((source) => SlotGrid.of(source)!)
const socs = fc.integer({ min: 0, max: 2 ** 32 - 40_000 })
const gridsAndSlots = fc
  .tuple(grids, socs, fc.integer({ min: 0, max: 40_000 }))
  .map(([grid, soc, more]) => ({ grid, slot: grid.slotOf(soc, 0) + more }))

describe('the grid of slots', () => {
  it('has a timestamp for each slot, and finds the slot by it: any base, any rate', () => {
    fc.assert(
      fc.property(gridsAndSlots, ({ grid, slot }) => {
        const { soc, fraction } = grid.timeOf(slot)
        expect(fraction).toBeLessThan(grid.timeBase)
        expect(grid.slotOf(soc, fraction)).toBe(slot)
        expect(grid.isOffSlot(soc, fraction)).toBe(false)
      }),
      { numRuns: 1000 },
    )
  })

  it('finds it too where the count is cut off, not rounded', () => {
    fc.assert(
      fc.property(gridsAndSlots, ({ grid, slot }) => {
        const { dataRate, timeBase } = grid
        fc.pre(dataRate > 0 && dataRate < timeBase / 2)
        const soc = Math.floor(slot / dataRate)
        const fraction = Math.floor(((slot - soc * dataRate) * timeBase) / dataRate)
        expect(grid.slotOf(soc, fraction)).toBe(slot)
        expect(grid.isOffSlot(soc, fraction)).toBe(false)
      }),
    )
  })

  it('takes a timestamp up to a tenth of the period away, and a count for rounding; no more', () => {
    fc.assert(
      fc.property(gridsAndSlots, fc.double({ min: -0.45, max: 0.45, noNaN: true }), ({ grid, slot }, offset) => {
        // Counts must be fine enough to say where within the period it is.
        fc.pre(grid.periodUs / 1e6 > 50 / grid.timeBase && slot > 0)
        const { soc, fraction } = grid.timeOf(slot)
        const counts = fraction + Math.round((offset * grid.periodUs * grid.timeBase) / 1e6)
        const second = soc + Math.floor(counts / grid.timeBase)
        const within = ((counts % grid.timeBase) + grid.timeBase) % grid.timeBase
        expect(grid.slotOf(second, within)).toBe(slot)
        if (Math.abs(offset) < 0.099) expect(grid.isOffSlot(second, within)).toBe(false)
        if (Math.abs(offset) > 0.15) expect(grid.isOffSlot(second, within)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it('has slots in order of time, a period apart but for rounding', () => {
    fc.assert(
      fc.property(gridsAndSlots, ({ grid, slot }) => {
        const step = grid.microsecondsOf(slot + 1) - grid.microsecondsOf(slot)
        expect(Math.abs(step - grid.periodUs)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('finds the first slot from a time on, and the one nearest to it', () => {
    fc.assert(
      fc.property(gridsAndSlots, fc.integer({ min: -40_000_000, max: 40_000_000 }), ({ grid, slot }, awayUs) => {
        const us = Math.max(1, grid.microsecondsOf(slot) + awayUs)
        const from = grid.slotFrom(us)
        expect(grid.microsecondsOf(from)).toBeGreaterThanOrEqual(us)
        if (from > 0) expect(grid.microsecondsOf(from - 1)).toBeLessThan(us)
        const away = (at: number) => Math.abs(grid.microsecondsOf(at) - us)
        const near = grid.slotNear(us)
        for (const other of [near - 1, near + 1]) {
          if (other >= 0) expect(away(near)).toBeLessThanOrEqual(away(other) + 1)
        }
      }),
    )
  })

  it('has as many slots in a second as DATA_RATE says, though they do not divide TIME_BASE', () => {
    const grid = SlotGrid.of({ dataRate: 60, timeBase: 1_000_000 })!
    const soc = 1_700_000_000
    const counts = Array.from({ length: 60 }, (_, index) => grid.timeOf(grid.slotOf(soc, 0) + index).fraction)
    expect(counts.slice(0, 4)).toEqual([0, 16_667, 33_333, 50_000])
    expect(grid.slotOf(soc + 1, 0) - grid.slotOf(soc, 0)).toBe(60)
  })

  it('of less than a frame a second has slots at whole multiples of its seconds', () => {
    const grid = SlotGrid.of({ dataRate: -10, timeBase: 1000 })!
    expect(grid.timeOf(grid.slotOf(1_700_000_010, 0))).toEqual({ soc: 1_700_000_010, fraction: 0 })
    expect(grid.slotOf(1_700_000_010, 0) - grid.slotOf(1_700_000_000, 0)).toBe(1)
    expect(grid.isOffSlot(1_700_000_001, 0)).toBe(false)
    expect(grid.isOffSlot(1_700_000_003, 0)).toBe(true)
  })

  it('does not take FRACSEC beyond its second', () => {
    const grid = SlotGrid.of({ dataRate: 50, timeBase: 1000 })!
    expect(grid.isOffSlot(1_700_000_000, 1000)).toBe(false)
    expect(grid.slotOf(1_700_000_000, 1000)).toBe(grid.slotOf(1_700_000_001, 0))
    expect(grid.isOffSlot(1_700_000_000, 1020)).toBe(true)
  })

  it.each([
    { dataRate: 0, timeBase: 1_000_000 },
    { dataRate: 50, timeBase: 0 },
    { dataRate: 50, timeBase: 49 },
    { dataRate: Number.NaN, timeBase: 1000 },
  ])('is none of $dataRate frames/s and TIME_BASE $timeBase', (source) => {
    expect(SlotGrid.of(source)).toBeUndefined()
  })
})
