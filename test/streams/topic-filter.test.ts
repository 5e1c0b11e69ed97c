import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ContractError, checkFilter, FilterMap, filtersOverlap, matchesFilter } from '../../src/streams/index.ts'

const level = fc.constantFrom('a', 'b', 'c')
const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'))
const filters = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 3 }), fc.boolean())
  .map(([levels, open]) => (open || levels.length === 0 ? [...levels, '#'] : levels).join('/'))

/** The definition, by another road. */
const pattern = (filter: string): RegExp =>
  new RegExp(`^${filter.replace(/\+/g, '[^/]+').replace(/\/#$/, '(/.*)?').replace(/^#$/, '.*')}$`)

describe('a topic filter', () => {
  it.each(['a', 'a/+/b', '#', 'a/#', '+', '+/+/#'])('may be %s', (filter) => {
    expect(checkFilter(filter)).toBe(filter)
  })

  it.each(['', 'a//b', '#/a', 'a/#/b', 'a+', 'a/b#', 'a.b', 'a b', '$SYS/#'])('may not be "%s"', (filter) => {
    expect(() => checkFilter(filter)).toThrow(ContractError)
  })

  it('matches as MQTT has it', () => {
    fc.assert(
      fc.property(filters, topics, (filter, topic) => {
        expect(matchesFilter(filter, topic)).toBe(pattern(filter).test(topic))
      }),
    )
  })

  it('does not match what belongs to the broker', () => {
    expect([matchesFilter('#', '$SYS/a'), matchesFilter('+/a', '$SYS/a')]).toEqual([false, false])
  })

  it('overlaps another exactly when some topic matches both', () => {
    const all = ['a', 'b', 'c'].flatMap((x) => [
      x,
      ...['a', 'b', 'c'].flatMap((y) => [
        `${x}/${y}`,
        ...['a', 'b', 'c'].flatMap((z) => [`${x}/${y}/${z}`, `${x}/${y}/${z}/a`]),
      ]),
    ])
    fc.assert(
      fc.property(filters, filters, (one, other) => {
        const both = all.some((topic) => matchesFilter(one, topic) && matchesFilter(other, topic))
        expect(filtersOverlap(one, other)).toBe(both)
        expect(filtersOverlap(other, one)).toBe(both)
      }),
    )
  })
})

describe('a map by filter', () => {
  it('answers as its filters do, whatever was added, removed and asked before', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('add', 'remove', 'ask'), filters, topics), { maxLength: 40 })
    fc.assert(
      fc.property(steps, (script) => {
        const map = new FilterMap<string>()
        const model: string[] = []
        for (const [what, filter, topic] of script) {
          if (what === 'add') {
            map.add(filter, filter)
            model.push(filter)
          } else if (what === 'remove') {
            const index = model.indexOf(filter)
            expect(map.remove(filter, filter)).toBe(index !== -1)
            if (index !== -1) model.splice(index, 1)
          }
          const expected = model.filter((each) => matchesFilter(each, topic))
          expect([...map.match(topic)].sort()).toEqual(expected.sort())
        }
      }),
    )
  })

  it('does not change an answer that is being walked', () => {
    const map = new FilterMap<string>()
    for (const value of ['one', 'two', 'three']) map.add('a', value)
    const seen: string[] = []
    for (const value of map.match('a')) {
      seen.push(value)
      map.remove('a', value)
    }
    expect(seen).toEqual(['one', 'two', 'three'])
    expect(map.match('a')).toEqual([])
  })
})
