import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IntervalSet, LedgerError } from '../../src/streams/index.ts'

const SPAN = 60
const slots = (set: IntervalSet): number[] =>
  [...set].flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index))
const ranges = fc
  .tuple(fc.integer({ min: 0, max: SPAN }), fc.integer({ min: 0, max: 12 }))
  .map(([from, length]) => [from, from + length] as const)
const sets = fc.array(ranges, { maxLength: 12 }).map((some) => IntervalSet.of(...some))
const edits = fc.array(fc.tuple(fc.boolean(), ranges), { maxLength: 40 })

/** Sorted, apart from each other, and none empty. */
function expectNormal(set: IntervalSet): void {
  let end = -1
  for (const { from, to } of set) {
    expect(from).toBeGreaterThan(end)
    expect(to).toBeGreaterThan(from)
    end = to
  }
}

describe('an interval set', () => {
  it('is a set: whatever is added and removed, in whatever order', () => {
    fc.assert(
      fc.property(edits, (steps) => {
        const set = new IntervalSet()
        const model = new Set<number>()
        for (const [isAdded, [from, to]] of steps) {
          const before = model.size
          for (let slot = from; slot < to; slot++) {
            if (isAdded) model.add(slot)
            else model.delete(slot)
          }
          expect(isAdded ? set.add(from, to) : set.remove(from, to)).toBe(Math.abs(model.size - before))
          expectNormal(set)
          expect(set.size).toBe(model.size)
          expect(set.count(from, to)).toBe(isAdded ? to - from : 0)
        }
        expect(slots(set)).toEqual([...model].toSorted((a, b) => a - b))
        for (let slot = 0; slot < SPAN + 14; slot++) expect(set.has(slot)).toBe(model.has(slot))
        expect(set.first).toBe(slots(set)[0])
        expect(set.end).toBe(model.size > 0 ? Math.max(...model) + 1 : undefined)
      }),
    )
  })

  it('counts what of a range is in it, and finds the interval at or after a slot', () => {
    fc.assert(
      fc.property(sets, ranges, (set, [from, to]) => {
        expect(set.count(from, to)).toBe(slots(set).filter((slot) => slot >= from && slot < to).length)
        const next = slots(set).find((slot) => slot >= from)
        const found = set.at(set.indexAt(from))
        expect(found && Math.max(from, found.from)).toBe(next)
      }),
    )
  })

  it('knows union, difference and intersection, and leaves both sides as they were', () => {
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const [inA, inB] = [slots(a), slots(b)]
        expect(slots(a.union(b))).toEqual([...new Set([...inA, ...inB])].toSorted((x, y) => x - y))
        expect(slots(a.difference(b))).toEqual(inA.filter((slot) => !b.has(slot)))
        expect(slots(a.intersection(b))).toEqual(inA.filter((slot) => b.has(slot)))
        for (const made of [a.union(b), a.difference(b), a.intersection(b)]) expectNormal(made)
        expect([slots(a), slots(b)]).toEqual([inA, inB])
        expect(a.union(b).size).toBe(a.size + b.size - a.intersection(b).size)
      }),
    )
  })

  it('comes back from its bytes, also at the end of what a number can say', () => {
    const far = fc
      .array(fc.tuple(fc.maxSafeNat(), fc.integer({ min: 1, max: 1e9 })), { maxLength: 20 })
      .map((some) => IntervalSet.of(...some.map(([at, size]) => [Math.max(0, at - size), at] as const)))
    fc.assert(
      fc.property(fc.oneof(sets, far), (set) => {
        const again = IntervalSet.decode(set.encode())
        expect([...again]).toEqual([...set])
        expect(again.size).toBe(set.size)
      }),
    )
  })

  it('takes two or three bytes for an interval near the one before', () => {
    const set = IntervalSet.of(...Array.from({ length: 1000 }, (_, i) => [85e9 + 50 * i, 85e9 + 50 * i + 3] as const))
    expect(set.encode().length).toBeLessThan(2020)
  })

  it('refuses damaged bytes, with a code, or reads a set that is one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          expectNormal(IntervalSet.decode(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(LedgerError)
          expect(error).toHaveProperty('code', 'LEDGER_DAMAGED')
        }
      }),
      { numRuns: 1000 },
    )
    const bytes = IntervalSet.of([5, 9], [12, 13]).encode()
    expect(() => IntervalSet.decode(bytes.subarray(0, -1))).toThrow('LEDGER_DAMAGED')
    expect(() => IntervalSet.decode(Uint8Array.of(...bytes, 0))).toThrow('LEDGER_DAMAGED')
    // A billion intervals, in two bytes.
    expect(() => IntervalSet.decode(Uint8Array.of(0x80, 0x94, 0xeb, 0xdc, 0x03, 1, 1))).toThrow('LEDGER_DAMAGED')
  })

  it.each([
    [-1, 5],
    [5, 4],
    [0.5, 2],
    [Number.NaN, 2],
    [0, Number.POSITIVE_INFINITY],
  ])('refuses [%d, %d): no slots', (from, to) => {
    expect(() => new IntervalSet().add(from, to)).toThrow('INTERVAL_INVALID')
    expect(() => IntervalSet.of([0, 9]).remove(from, to)).toThrow('INTERVAL_INVALID')
  })
})
