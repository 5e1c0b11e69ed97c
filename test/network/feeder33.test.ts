import { describe, expect, it } from 'vitest'
import { feeder33, feeder33Solution, solveFeeder } from '../../src/network/index.ts'

describe('the 33-bus feeder', () => {
  const solution = solveFeeder(feeder33)

  it('has the published losses and lowest voltage', () => {
    expect(solution.lossKw).toBeCloseTo(feeder33Solution.lossKw, 2)
    expect(solution.lossKvar).toBeCloseTo(feeder33Solution.lossKvar, 2)
    const lowest = solution.voltages.reduce((a, b) => (b.pu < a.pu ? b : a))
    expect(lowest.bus).toBe(feeder33Solution.lowestVoltageBus)
    expect(lowest.pu).toBeCloseTo(feeder33Solution.lowestVoltagePu, 4)
  })

  it('delivers all loads and all losses, and nothing else', () => {
    const load = feeder33.buses.reduce((sum, { pKw, qKvar }) => ({ kw: sum.kw + pKw, kvar: sum.kvar + qKvar }), {
      kw: 0,
      kvar: 0,
    })
    expect(load).toEqual({ kw: 3715, kvar: 2300 })
    expect(solution.sourceKw).toBeCloseTo(load.kw + solution.lossKw, 6)
    expect(solution.sourceKvar).toBeCloseTo(load.kvar + solution.lossKvar, 6)
  })

  it('is radial with its tie switches open: 33 buses, 32 closed branches', () => {
    expect(feeder33.buses).toHaveLength(33)
    expect(feeder33.branches.filter(({ closed }) => closed)).toHaveLength(32)
    expect(feeder33.branches.filter(({ closed }) => !closed)).toHaveLength(5)
  })
})
