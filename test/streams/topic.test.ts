import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ContractError,
  meaningOf,
  nodeIdOf,
  nodeStateTopic,
  nodeTopic,
  parseStreamTopic,
  retainedTopics,
  stateTopic,
  streamTopic,
} from '../../src/streams/index.ts'

const name = {
  area: 'south-italy-113',
  locationType: 'secondary-station',
  locationId: '1156',
  dataType: 'PMU',
  producerId: '765',
}
const topic = 'south-italy-113/secondary-station/1156/PMU/765'
const level = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/)

const problemOf = (run: () => unknown): string | undefined => {
  try {
    run()
  } catch (error) {
    if (error instanceof ContractError && error.facts.code === 'TOPIC_INVALID') return error.facts.problem
    throw error
  }
  return undefined
}

describe('a stream topic', () => {
  it('has five levels, there and back', () => {
    expect(streamTopic(name)).toBe(topic)
    expect(parseStreamTopic(topic)).toEqual(name)
  })

  it.each([
    ['a dot, which RabbitMQ and NATS read in their own ways', { ...name, producerId: '7.65' }],
    ['an empty level', { ...name, area: '' }],
    ['a level of 65 characters', { ...name, area: 'a'.repeat(65) }],
    ['a wildcard', { ...name, producerId: '+' }],
    ['a slash', { ...name, producerId: '1/2' }],
    ['a letter outside ASCII', { ...name, area: 'süd' }],
    ['the data type of processes', { ...name, dataType: 'NODE' }],
  ])('is refused with %s', (_case, wrong) => {
    expect(problemOf(() => streamTopic(wrong))).toBeTypeOf('string')
  })

  it('is read back whatever its levels', () => {
    fc.assert(
      fc.property(
        fc.tuple(level, level, level, level, level),
        ([area, locationType, locationId, dataType, producerId]) => {
          fc.pre(dataType !== 'NODE')
          const names = { area, locationType, locationId, dataType, producerId }
          expect(parseStreamTopic(streamTopic(names))).toEqual(names)
        },
      ),
    )
  })
})

describe('a node topic', () => {
  it('ends with what it is called below its streams', () => {
    expect(nodeIdOf(nodeTopic({ ...name, nodeId: 'left' }))).toBe('left')
  })
})

describe('a received topic', () => {
  it.each<[string, unknown]>([
    [topic, { kind: 'frames', stream: topic }],
    ...retainedTopics(topic)
      .slice(1)
      .map((each) => [each, { kind: each.split('/')[5], stream: topic }] as [string, unknown]),
    [
      nodeStateTopic(nodeTopic({ ...name, nodeId: 'n' })),
      { kind: 'node', node: 'south-italy-113/secondary-station/1156/NODE/n' },
    ],
    [`${topic}/replay/n`, undefined],
    [stateTopic(topic, 'n'), { kind: 'state', stream: topic, nodeId: 'n' }],
    [`${topic}/state`, undefined],
    [`${topic}/state/n/more`, undefined],
    ['south-italy-113/secondary-station/1156/NODE/n/state/n', undefined],
    [`${topic}/other`, undefined],
    ['south-italy-113/secondary-station/1156/NODE/n', undefined],
    ['south-italy-113/reply/n/1', undefined],
    ['$SYS/a/b/c/d', undefined],
    ['', undefined],
  ])('%s says what it is about', (text, meaning) => {
    expect(meaningOf(text)).toEqual(meaning)
  })

  it('may be any string', () => {
    fc.assert(fc.property(fc.string(), (text) => void meaningOf(text)))
  })
})
