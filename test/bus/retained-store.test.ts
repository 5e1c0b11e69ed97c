import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RetainedStore } from '../../src/bus/retained-store.ts'
import { matchesFilter } from '../../src/streams/index.ts'

const limits = { maxRetained: 10_000, maxRetainedBytes: 10_000_000 }
const bytes = Buffer.from('retained')
const asker = { destroyed: false }

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
    const given = await store.stream(['a/+', 'a/#', 'a/b', '+/c', 'a/+'], asker).toArray()
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
    const given = await store.stream(['#'], asker).toArray()
    expect([given.length, String(given.at(-1).payload)]).toEqual([2999, 'newer'])
  })

  it('are what they are when they are sent, though they were read before: empty if cleared', async () => {
    const store = new RetainedStore(limits)
    for (const each of ['a', 'b']) store.set(each, bytes, 1)
    const read = await store.stream(['#'], asker).toArray()
    store.set('a', Buffer.from('newer'), 0)
    store.set('b', Buffer.alloc(0), 1)
    expect(read.map(({ topic, payload, qos }) => [topic, String(payload), qos])).toEqual([
      ['a', 'newer', 0],
      ['b', '', 0],
    ])
  })

  it('are not followed for ever where others come as fast as they are given', () => {
    const store = new RetainedStore(limits)
    for (const each of ['a', 'b', 'c']) store.set(each, bytes, 1)
    const given: string[] = []
    for (const packet of store.matching('+')) {
      given.push(packet.topic)
      store.set(packet.topic, Buffer.alloc(0), 1)
      store.set(`new ${given.length}`, bytes, 1)
    }
    expect(given).toEqual(['a', 'b', 'c'])
  })

  it('are given to one subscription of a client after the other', async () => {
    const store = new RetainedStore(limits)
    for (let n = 0; n < 100; n++) store.set(`a/${n}`, bytes, 1)
    const heard: string[] = []
    const hear = async (name: string, from: { readonly destroyed: boolean }): Promise<void> => {
      for await (const { topic } of store.stream(['#'], from)) heard.push(`${name} ${topic}`)
    }
    await Promise.all([hear('first', asker), hear('second', asker), hear('other', { destroyed: false })])
    const ofFirst = heard.findLastIndex((each) => each.startsWith('first'))
    expect(heard.findIndex((each) => each.startsWith('second'))).toBeGreaterThan(ofFirst)
    expect(heard.findIndex((each) => each.startsWith('other'))).toBeLessThan(ofFirst)
    expect(heard.length).toBe(300)
  })

  it('are walked through no further once the client that asked is gone', async () => {
    const store = new RetainedStore(limits)
    for (let n = 0; n < 100; n++) store.set(`a/${n}`, bytes, 1)
    const leaving = { destroyed: false }
    const hear = async (): Promise<number> => {
      let given = 0
      for await (const _ of store.stream(['#'], leaving)) {
        given++
        leaving.destroyed = true
      }
      return given
    }
    const [first, waiting] = await Promise.all([hear(), hear()])
    // What had been read ahead.
    expect(first).toBeLessThan(40)
    expect(waiting).toBe(0)
  })

  it('are bounded in number and bytes; what is cleared makes room', () => {
    // Two levels, two topics of one character, and 18 bytes.
    const store = new RetainedStore({ maxRetained: 2, maxRetainedBytes: 2 * 256 + 2 + 18 })
    expect([store.set('a', bytes, 1), store.set('b', bytes, 1), store.set('c', bytes, 1)]).toEqual([true, true, false])
    expect(store.set('a', Buffer.alloc(13), 1)).toBe(false)
    expect(store.set('a', Buffer.alloc(0), 1)).toBe(true)
    expect([store.set('c', bytes, 1), topicsOf(store.matching('#'))]).toEqual([true, ['b', 'c']])
  })

  it('count with their topics and 256 bytes for each level of these, once where they have it in common', () => {
    const deep = (last: string): string => `${'a/'.repeat(99)}${last}`
    const store = new RetainedStore({ maxRetained: 10, maxRetainedBytes: 101 * 256 + 2 * 199 + 2 })
    const one = Buffer.of(1)
    const none = Buffer.alloc(0)
    expect([store.set(deep('b'), one, 1), store.set(deep('c'), one, 1)]).toEqual([true, true])
    expect([store.set(deep('b'), one, 1), store.set('d', one, 1)]).toEqual([true, false])
    for (const last of ['b', 'c']) store.set(deep(last), none, 1)
    const other = deep('b').replaceAll('a', 'x')
    expect([store.set(other, one, 1), store.set(deep('b'), one, 1)]).toEqual([true, false])
  })
})
