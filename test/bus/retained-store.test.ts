import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RetainedStore } from '../../src/bus/retained-store.ts'
import { matchesFilter } from '../../src/streams/index.ts'

const limits = { maxRetained: 10_000, maxRetainedBytes: 100_000 }
const bytes = Buffer.from('retained')

const level = fc.constantFrom('a', 'b', 'c', '$d')
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'))
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen || levels.length === 0 ? ['#'] : [])].join('/'))

const topicsOf = (packets: Iterable<{ readonly topic: string }>): string[] => Array.from(packets, (each) => each.topic)

describe('retained messages', () => {
  it('are found by filters as MQTT has it, whatever was set and cleared', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(topic, fc.boolean())), filter, (changes, wanted) => {
        const store = new RetainedStore(limits)
        const kept = new Set<string>()
        for (const [each, isSet] of changes) {
          store.set(each, isSet ? bytes : Buffer.alloc(0), 1)
          if (isSet) kept.add(each)
          else kept.delete(each)
        }
        const matching = [...kept].filter((each) => matchesFilter(wanted, each))
        expect(topicsOf(store.matching(wanted)).toSorted()).toEqual(matching.toSorted())
      }),
    )
  })

  it('are given once to a subscription, however many of its filters match', async () => {
    const store = new RetainedStore(limits)
    for (const each of ['a/b', 'a/c', 'b/c']) store.set(each, bytes, 1)
    const given = await store.stream(['a/+', 'a/#', 'a/b', '+/c', 'a/+']).toArray()
    expect(topicsOf(given)).toEqual(['a/b', 'a/c', 'b/c'])
  })

  it('let others have their turn, and are given as they are then', async () => {
    const store = new RetainedStore(limits)
    for (let n = 0; n < 3000; n++) store.set(`a/${n}`, bytes, 1)
    // Between the turns of the answer.
    setImmediate(() => {
      store.set('a/2998', Buffer.alloc(0), 1)
      store.set('a/2999', Buffer.from('newer'), 1)
    })
    const given = await store.stream(['#']).toArray()
    expect([given.length, String(given.at(-1).payload)]).toEqual([2999, 'newer'])
  })

  it('are bounded in number and bytes; what is cleared makes room', () => {
    const store = new RetainedStore({ maxRetained: 2, maxRetainedBytes: 20 })
    expect([store.set('a', bytes, 1), store.set('b', bytes, 1), store.set('c', bytes, 1)]).toEqual([true, true, false])
    expect(store.set('a', Buffer.alloc(13), 1)).toBe(false)
    expect(store.set('a', Buffer.alloc(0), 1)).toBe(true)
    expect([store.set('c', bytes, 1), topicsOf(store.matching('#'))]).toEqual([true, ['b', 'c']])
  })
})
