import { describe, expect, it } from 'vitest'
import { AddressBudget } from '../../src/runtime/address-budget.ts'

describe('the budget of an address', () => {
  it('is a second’s worth at once, or as much as is said', () => {
    const budget = new AddressBudget(1, 3)
    expect([1, 2, 3, 4].map(() => budget.take('a'))).toEqual([true, true, true, false])
  })

  it('is its own, and what was asked longest ago is forgotten first', () => {
    const budget = new AddressBudget(2)
    expect([1, 2, 3].map(() => budget.take('a'))).toEqual([true, true, false])
    expect(budget.take('b')).toBe(true)
    for (let n = 0; n < 1023; n++) budget.take(`other ${n}`)
    expect([1, 2, 3].map(() => budget.take('a'))).toEqual([true, true, false])
  })
})
