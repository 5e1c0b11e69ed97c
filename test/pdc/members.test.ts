import { describe, expect, it } from 'vitest'
import type { Configuration } from '../../src/c37118/index.ts'
import { membersOf } from '../../src/pdc/members.ts'
import { configurationOf } from './configurations.ts'

const input: Configuration = configurationOf([
  { idcode: 1, stn: 'North' },
  { idcode: 2, stn: 'South' },
  { idcode: 3, stn: 'West' },
])
const blocks = (rules: Parameters<typeof membersOf>[2]) =>
  membersOf('a/b/c/PDC/1', input, rules).map(({ block, pmu }) => `${block}:${pmu.idcode}:${pmu.stn}`)

describe('the blocks of an input', () => {
  it('are all taken, in their order', () => {
    expect(blocks({})).toEqual(['0:1:North', '1:2:South', '2:3:West'])
  })

  it('are chosen, or left out, by IDCODE or by name', () => {
    expect(blocks({ only: [3, 'North'] })).toEqual(['0:1:North', '2:3:West'])
    expect(blocks({ drop: ['South', 3] })).toEqual(['0:1:North'])
  })

  it('are given other names and IDCODEs', () => {
    const rename = [
      { block: 2, stn: 'South of the river' },
      { block: 'West', idcode: 77 },
    ]
    expect(blocks({ rename })).toEqual(['0:1:North', '1:2:South of the river', '2:77:West'])
  })
})
