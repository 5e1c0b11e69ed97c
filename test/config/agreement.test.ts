import fc from 'fast-check'
import { describe, it } from 'vitest'
import { filterMatches, isTopicFilter } from '../../src/config/topic-filter.ts'
import { isTopicLevel } from '../../src/config/words.ts'
import * as streams from '../../src/streams/index.ts'

const letter = fc.constantFrom('a', 'Z', '7', '_', '-', '.', '+', '#', ' ', 'è', '$')
const level = fc.oneof(
  fc.constantFrom('+', '#', 'a', 'b'),
  fc.string({ unit: letter, maxLength: 4 }),
  fc.string({ unit: fc.constant('x'), minLength: 60, maxLength: 70 }),
)
const topicLevel = fc.constantFrom('a', 'b', 'PMU')
const path = (part: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(part, { minLength: 1, maxLength: 6 }).map((levels) => levels.join('/'))

const isTaken = (check: () => unknown): boolean => {
  try {
    check()
    return true
  } catch (error) {
    if (error instanceof streams.ContractError) return false
    throw error
  }
}

// config is a leaf and has its own small copy of the rules that streams holds for the bus.
describe('the grid file and the bus agree on', () => {
  it('what a topic level is', () => {
    fc.assert(fc.property(level, (text) => isTopicLevel(text) === streams.isTopicLevel(text)))
  })

  it('what a filter is', () => {
    fc.assert(fc.property(path(level), (text) => isTopicFilter(text) === isTaken(() => streams.checkFilter(text))))
  })

  it('what a filter takes', () => {
    const filter = path(fc.oneof(topicLevel, fc.constant('+'))).chain((text) => fc.constantFrom(text, `${text}/#`, '#'))
    fc.assert(
      fc.property(
        filter,
        path(topicLevel),
        (wanted, topic) => filterMatches(wanted, topic) === streams.matchesFilter(wanted, topic),
      ),
    )
  })
})
