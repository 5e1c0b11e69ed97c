import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ContractError,
  MAX_SEQUENCE,
  matchesFilter,
  meaningOf,
  parseStreamTopic,
  replayFilter,
  replayRequestOf,
  replayTopic,
  replyFilter,
  replyOf,
  replyTopic,
} from '../../src/streams/index.ts'

const stream = 'south-italy-113/secondary-station/1156/PMU/765'
const level = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/)

describe('the topic of a replay request', () => {
  it('names the stream and the node, there and back', () => {
    const topic = replayTopic(stream, 'adapter')
    expect(topic).toBe(`${stream}/replay/adapter`)
    expect(replayRequestOf(topic)).toEqual({ stream, nodeId: 'adapter' })
  })

  it('is heard by its node, and by no other', () => {
    const topic = replayTopic(stream, 'adapter')
    const node = {
      area: 'south-italy-113',
      locationType: 'secondary-station',
      locationId: '1156',
      nodeId: 'adapter',
    }
    expect(matchesFilter(replayFilter(node), topic)).toBe(true)
    expect(matchesFilter(replayFilter({ ...node, nodeId: 'adapter-2' }), topic)).toBe(false)
    expect(matchesFilter(replayFilter({ ...node, area: 'north-italy' }), topic)).toBe(false)
    expect(matchesFilter(replayFilter({ ...node, locationId: '1157' }), topic)).toBe(false)
  })

  it.each([
    ['a node’s own topic', 'a/b/c/NODE/e/replay/n'],
    ['an answer’s', 'a/reply/c/d/e/replay/n'],
    ['a level too few', `${stream}/replay`],
    ['a level too many', `${stream}/replay/n/x`],
    ['an empty node', `${stream}/replay/`],
    ['a wildcard', `${stream}/replay/+`],
    ['another sub-topic', `${stream}/relay/n`],
  ])('is not %s', (_case, topic) => {
    expect(replayRequestOf(topic)).toBeUndefined()
  })
})

describe('the topic of an answer', () => {
  it('is read back whatever its levels', () => {
    const part = fc.oneof(fc.constant('end' as const), fc.integer({ min: 0, max: MAX_SEQUENCE }))
    fc.assert(
      fc.property(level, level, level, fc.integer({ min: 0, max: MAX_SEQUENCE }), part, (area, nodeId, id, n, p) => {
        const topic = replyTopic(area, nodeId, { id, sequence: n }, p)
        expect(replyOf(topic)).toEqual({ area, nodeId, id, sequence: n, part: p })
        expect(matchesFilter(replyFilter(area, id), topic)).toBe(true)
      }),
    )
  })

  it.each([
    ['a slash', 'a/b'],
    ['a wildcard of one level', '+'],
    ['a wildcard of the rest', '#'],
    ['nothing', ''],
    ['a dot', 'a.b'],
    ['65 characters', 'a'.repeat(65)],
    ['a NUL', 'a\0'],
  ])('is never built with an id of %s', (_case, id) => {
    expect(() => replyTopic('area', 'node', { id, sequence: 1 }, 0)).toThrow(ContractError)
  })

  it.each(['01', '-1', '1e3', '2147483648', '99999999999', 'last', ''])('has no part %s', (part) => {
    expect(replyOf(`area/reply/node/id/7/${part}`)).toBeUndefined()
    expect(replyOf(`area/reply/node/id/${part}/0`)).toBeUndefined()
  })

  it('is no stream’s, even where its levels would do', () => {
    for (const topic of ['area/reply/node/id/7', 'area/reply/node/id/7/header', 'area/reply/node/id/7/end']) {
      expect(meaningOf(topic)).toBeUndefined()
    }
    expect(() => parseStreamTopic('area/reply/1156/PMU/765')).toThrow(/reserved for answers/)
  })
})
