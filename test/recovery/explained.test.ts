import { describe, expect, it } from 'vitest'
import { Explained } from '../../src/recovery/explained.ts'

const set = (...nodeIds: string[]): ReadonlySet<string> => new Set(nodeIds)

describe('what was explained', () => {
  it('without a journal is all it has to be asked for, and only once', () => {
    const explained = new Explained()
    explained.add(10, 20, set('one'))
    explained.add(50, 60, set('one'))
    expect(explained.without('one')).toEqual({ fromUs: Number.POSITIVE_INFINITY, toUs: Number.NEGATIVE_INFINITY })
    expect(explained.without('two')).toEqual({ fromUs: 10, toUs: 60 })
    expect(explained.without('two').fromUs).toBe(Number.POSITIVE_INFINITY)
    explained.add(70, 80, set('one'))
    expect(explained.without('two')).toEqual({ fromUs: 70, toUs: 80 })
    expect(explained.without('three')).toEqual({ fromUs: 10, toUs: 80 })
  })
})
