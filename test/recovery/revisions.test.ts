import { describe, expect, it } from 'vitest'
import { Revisions } from '../../src/recovery/revisions.ts'

const stream = 'a/b/c/PDC-revised/1'
const range = (number: number, from_us: number, to_us: number) => ({ number, from_us, to_us })
const none = (): boolean => false
const todo = (revisions: Revisions): unknown[] => {
  const all = []
  for (let next = revisions.next(none); next; next = revisions.next(none)) {
    all.push([next.nodeId, next.fromUs, next.toUs])
    revisions.done()
  }
  return all
}

describe('what PDCs say anew', () => {
  it('is to be fetched once, in the order in which it was told', () => {
    const revisions = new Revisions()
    expect(revisions.heard('n', { stream, ranges: [range(5, 0, 10), range(6, 40, 50)] })).toHaveLength(2)
    expect(
      revisions.heard('n', { stream, ranges: [range(5, 0, 10), range(6, 40, 50), range(7, 20, 30)] }),
    ).toMatchObject([{ nodeId: 'n', stream, fromUs: 20, toUs: 30 }])
    expect(todo(revisions)).toEqual([
      ['n', 0, 10],
      ['n', 40, 50],
      ['n', 20, 30],
    ])
    expect(revisions.isEmpty).toBe(true)
  })

  it('is fetched anew of a journal that counts anew', () => {
    const revisions = new Revisions()
    revisions.heard('n', { stream, ranges: [range(9, 0, 10)] })
    revisions.done()
    expect(revisions.heard('n', { stream, ranges: [range(2, 0, 10)] })).toHaveLength(1)
  })

  it('is one where ranges touch, but for the one that is under way', () => {
    const revisions = new Revisions()
    revisions.heard('n', { stream, ranges: [range(1, 0, 10), range(2, 10, 20), range(3, 20, 30), range(4, 25, 28)] })
    revisions.heard('m', { stream, ranges: [range(1, 30, 40)] })
    expect(todo(revisions)).toEqual([
      ['n', 0, 10],
      ['n', 10, 30],
      ['m', 30, 40],
    ])
  })

  it('is asked for what came late from the journals, too, of those that have revised anything', () => {
    const revisions = new Revisions()
    revisions.filled(0, 100)
    expect(revisions.isEmpty).toBe(true)
    revisions.heard('n', { stream, ranges: [range(1, 500, 600)] })
    revisions.filled(0, 100)
    expect(todo(revisions)).toEqual([
      ['n', 500, 600],
      ['n', 0, 100],
    ])
  })

  it('is joined where there is too much of it, so that it stays bounded', () => {
    const revisions = new Revisions()
    for (let number = 0; number < 10_000; number++) {
      revisions.heard(number % 2 ? 'n' : 'm', { stream, ranges: [range(number, 100 * number, 100 * number + 10)] })
    }
    const all = todo(revisions) as [string, number, number][]
    expect(all.length).toBeLessThanOrEqual(256)
    for (const nodeId of ['m', 'n']) {
      const own = all.filter(([node]) => node === nodeId)
      expect(Math.min(...own.map(([, from]) => from))).toBeLessThanOrEqual(100)
      expect(Math.max(...own.map(([, , to]) => to))).toBeGreaterThan(999_000)
    }
  })

  it('waits for a node that rests, and not for it alone', () => {
    const revisions = new Revisions()
    revisions.heard('n', { stream, ranges: [range(1, 0, 10)] })
    revisions.heard('m', { stream, ranges: [range(1, 20, 30)] })
    expect(revisions.next((nodeId) => nodeId === 'n')).toMatchObject({ nodeId: 'm' })
    revisions.done()
    expect(revisions.next((nodeId) => nodeId === 'n')).toBeUndefined()
    expect(revisions.next(none)).toMatchObject({ nodeId: 'n' })
  })

  it('is forgotten with the node that has it', () => {
    const revisions = new Revisions()
    revisions.heard('n', { stream, ranges: [range(1, 0, 10)] })
    revisions.left('n')
    expect(revisions.isEmpty).toBe(true)
  })
})
