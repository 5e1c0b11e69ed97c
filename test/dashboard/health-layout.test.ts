import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addsUp, barOf, partKeys, partsOf, totalOf } from '../../dashboard/src/health/account-parts.ts'
import { presenceOf } from '../../dashboard/src/health/presence.ts'
import { stripPath } from '../../dashboard/src/health/strip-path.ts'
import type { NodeState, StreamState } from '../../src/streams/index.ts'

describe('the bar of an account', () => {
  it('has each part as wide as it is, in the order of the sum', () => {
    expect(
      barOf([
        { key: 'live', count: 70 },
        { key: 'late', count: 20 },
        { key: 'lost', count: 0 },
        { key: 'pending', count: 10 },
      ]),
    ).toEqual([
      { key: 'live', from: 0, width: 70 },
      { key: 'late', from: 70, width: 20 },
      { key: 'pending', from: 90, width: 10 },
    ])
  })

  it('shows one frame of a million', () => {
    const pieces = barOf([
      { key: 'live', count: 1_000_000 },
      { key: 'lost', count: 1 },
    ])
    expect(pieces.map(({ width }) => width)).toEqual([98, 2])
  })

  it('is full and has no piece that cannot be seen, whatever is counted', () => {
    const counts = fc.array(fc.integer({ min: 0, max: 1e12 }), { minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(counts, (numbers) => {
        const pieces = barOf(partKeys.map((key, at) => ({ key, count: numbers[at]! })))
        expect(pieces).toHaveLength(numbers.filter((number) => number > 0).length)
        for (const { width } of pieces) expect(width).toBeGreaterThan(1)
        const end = pieces.at(-1)
        if (end) expect(end.from + end.width).toBeCloseTo(100, 6)
      }),
    )
  })

  it('is of a sum that adds up, and says when it does not', () => {
    const account = {
      expected: 100,
      live: 90,
      late: 4,
      never_produced: 1,
      not_received: { LINK_SILENT: 2 },
      lost: { 'crash-window': 1 },
      pending: 2,
      outside: { stale: 5 },
      duplicates: 3,
      conflicts: 0,
    }
    expect(partsOf(account).map(({ count }) => count)).toEqual([90, 4, 1, 2, 1, 2])
    expect([addsUp(account), addsUp({ ...account, live: 91 })]).toEqual([true, false])
    const total = totalOf([account, { ...account, lost: { expired: 1 } }])
    expect(total).toMatchObject({ expected: 200, live: 180, lost: { 'crash-window': 1, expired: 1 } })
    expect([total.not_received, total.outside, addsUp(total)]).toEqual([{ LINK_SILENT: 4 }, { stale: 10 }, true])
  })
})

describe('the strip of what is pending', () => {
  const box = { width: 600, height: 40, spanS: 600 }

  it('steps from one look to the next, and leaves out what is older', () => {
    const points = [
      [0, 9],
      [1000, 0],
      [1001, 0],
      [1002, 20],
      [1003, 20],
      [1004, 0],
    ] as const
    expect(stripPath(points, 1010, 20, box)).toBe('M590 40H592V0H594V40H594')
  })

  it('has gaps where nothing was told, and where nobody looked', () => {
    const points = [
      [1000, 1],
      [1001, Number.NaN],
      [1002, 1],
      [1100, 1],
    ] as const
    expect(stripPath(points, 1100, 1, box).match(/M/g)).toHaveLength(3)
    expect(stripPath([], 1100, 1, box)).toBe('')
  })
})

describe('the presence of a stream', () => {
  const node = 'area/secondary-station/1/NODE/adapter'
  const state = (fields: Partial<StreamState>): ReadonlyMap<string, StreamState> =>
    new Map([['adapter', { contract: 1, online: true, rate: 50, node, journal: null, ...fields }]])
  const nodes = (fields: Partial<NodeState>): ReadonlyMap<string, NodeState> =>
    new Map([[node, { contract: 1, online: true, since: '', brokers: [], streams: [], ...fields }]])
  const follows = { isFlowing: true, isFollowed: true }

  it('is online when a node that is online says so, and frames come', () => {
    const found = presenceOf({ states: state({}), ...follows }, nodes({}))
    expect(found).toMatchObject({ kind: 'online', says: ['adapter says online'] })
  })

  it('is silent when they do not; of what is not followed, what is said must do', () => {
    expect(presenceOf({ states: state({}), ...follows, isFlowing: false }, nodes({})).kind).toBe('silent')
    expect(presenceOf({ states: state({}), isFlowing: false, isFollowed: false }, nodes({})).kind).toBe('online')
  })

  it('is offline by the word of the node, or of its will, and tells why', () => {
    const said = presenceOf({ states: state({ online: false, reason: 'LINK_SILENT' }), ...follows }, nodes({}))
    expect(said).toMatchObject({ kind: 'offline', says: ['adapter says offline: the PMU sent nothing'] })
    const willed = presenceOf(
      { states: state({}), ...follows, isFlowing: false },
      nodes({ online: false, reason: 'connection lost' }),
    )
    expect(willed).toMatchObject({ kind: 'offline', says: ['node adapter is offline: connection lost'] })
  })

  it('is not known where nobody says anything', () => {
    expect(presenceOf({ states: new Map(), isFlowing: false, isFollowed: true }, nodes({})).kind).toBe('unknown')
    expect(presenceOf({ states: new Map(), ...follows }, nodes({})).kind).toBe('online')
  })

  it('is not known while nothing can be heard, whatever was said', () => {
    const found = presenceOf({ states: state({}), ...follows, untold: 'no connection' }, nodes({}))
    expect(found).toEqual({ kind: 'unknown', word: 'not known', shape: '□', says: ['no connection'] })
  })
})
