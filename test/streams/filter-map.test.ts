import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FilterMap, matchesFilter } from '../../src/streams/index.ts'

const level = fc.constantFrom('a', 'b', 'c', '$x')
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'))
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.boolean())
  .filter(([levels, isOpen]) => levels.length > 0 || isOpen)
  .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])].join('/'))

describe('values by filter', () => {
  it('are those of all filters that match a topic, whatever is added and removed, and in which order', () => {
    const step = fc.oneof(
      fc.record({ add: filter, value: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ remove: fc.nat(), value: fc.constant(0) }),
      fc.record({ match: topic, value: fc.constant(0) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.array(topic, { maxLength: 10 }), (steps, topics) => {
        const map = new FilterMap<number>()
        const model: { filter: string; value: number }[] = []
        const isRight = (of: string): void => {
          const expected = model.filter((each) => matchesFilter(each.filter, of)).map(({ value }) => value)
          expect(map.match(of).toSorted()).toEqual(expected.toSorted())
        }
        for (const one of steps) {
          if ('add' in one) {
            map.add(one.add, one.value)
            model.push({ filter: one.add, value: one.value })
          } else if ('remove' in one) {
            const gone = model[one.remove % Math.max(1, model.length)]
            expect(map.remove(gone?.filter ?? 'a', gone?.value ?? 9)).toBe(gone !== undefined)
            if (gone) model.splice(model.indexOf(gone), 1)
          } else isRight(one.match)
        }
        for (const each of topics) isRight(each)
      }),
    )
  })

  it('does not change an answer that was given', () => {
    const map = new FilterMap<number>()
    map.add('a/+', 1)
    const given = map.match('a/b')
    map.add('a/b', 2)
    map.remove('a/+', 1)
    expect(given).toEqual([1])
    expect(map.match('a/b')).toEqual([2])
  })

  it('takes a hundred thousand filters, and gives them back, as it takes one', () => {
    const map = new FilterMap<number>()
    const filters = Array.from({ length: 100_000 }, (_, n) => `x${n}/+`)
    for (const [n, each] of filters.entries()) map.add(each, n)
    expect(map.match('x99999/a')).toEqual([99_999])
    for (const [n, each] of filters.entries()) map.remove(each, n)
    expect(map.match('x99999/a')).toEqual([])
  })
})
