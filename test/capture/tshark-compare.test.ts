import { describe, expect, it } from 'vitest'
import { compileDecoder, decodeConfiguration } from '../../src/c37118/index.ts'
import { golden } from './frames.ts'
import type { PrintedField } from './tshark.ts'
import { differences } from './tshark-compare.ts'
import { type ExpectedField, expectedConfiguration, expectedData, expectedFrame } from './tshark-expected.ts'

const configuration = decodeConfiguration(golden.config2)
const expected = [
  ...expectedFrame(golden.config2, configuration.timeBase, expectedConfiguration(configuration)),
  ...expectedData(compileDecoder(configuration).decode(golden.data), configuration),
]

/** As tshark would print it, were it of our opinion. */
const print = ({ name, show = '', numbers = [], contains = '' }: ExpectedField): PrintedField => ({
  name,
  show,
  showname: `${contains} "name" ${numbers.map((number) => number.toFixed(3)).join(' ')}`,
  value: '',
})

describe('the comparison with tshark', () => {
  it('finds nothing where both agree', () => {
    expect(differences(expected.map(print), expected)).toEqual([])
  })

  it('finds a change of any field', () => {
    for (const [i, field] of expected.entries()) {
      for (const changed of changes(field)) {
        const printed = expected.map(print).with(i, print(changed))
        expect(differences(printed, expected), JSON.stringify(changed)).toHaveLength(1)
      }
    }
  })

  it('finds a field too many and one too few', () => {
    expect(differences(expected.slice(1).map(print), expected)).not.toEqual([])
    expect(differences(expected.map(print), expected.slice(0, -1))).not.toEqual([])
  })
})

/** The same field with another text, and with each of its numbers another in the last digit printed but one. */
function changes(field: ExpectedField): ExpectedField[] {
  const text = field.show === undefined ? [] : [{ ...field, show: `${field.show}x` }]
  const unit = field.contains === undefined ? [] : [{ ...field, contains: '?' }]
  const numbers = (field.numbers ?? []).map((number, i) => ({
    ...field,
    numbers: field.numbers!.with(i, number + Math.max(0.01, Math.abs(number) * 1e-6)),
  }))
  return [...text, ...unit, ...numbers]
}
