import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  branchIndex,
  busIndex,
  checkRadial,
  createNetwork,
  type Feeder,
  feeder33,
  NetworkError,
  PowerFlow,
  radialTree,
  solveFeeder,
} from '../../src/network/index.ts'

const faultOf = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    if (error instanceof NetworkError) return error.facts
    throw error
  }
  return undefined
}

const withBranches = (change: (branches: Feeder['branches']) => Feeder['branches']): Feeder => ({
  ...feeder33,
  branches: change(feeder33.branches),
})

describe('a network', () => {
  it.each([
    [
      'a closed tie switch',
      { code: 'NETWORK_LOOP' },
      withBranches((all) => all.map((branch) => ({ ...branch, closed: true }))),
    ],
    [
      'a bus that nothing feeds',
      { code: 'NETWORK_UNSUPPLIED', buses: [18] },
      withBranches((all) => all.filter(({ to }) => to !== 18)),
    ],
    [
      'a branch to a bus that is not there',
      { code: 'NETWORK_UNKNOWN_BUS', bus: 99 },
      withBranches((all) => [...all, { from: 1, to: 99, rOhm: 1, xOhm: 1, closed: true }]),
    ],
    [
      'a branch without impedance',
      { code: 'NETWORK_BAD_IMPEDANCE', from: 1, to: 2 },
      withBranches((all) => all.map((branch, i) => (i === 0 ? { ...branch, rOhm: 0, xOhm: 0 } : branch))),
    ],
    [
      'a bus listed twice',
      { code: 'NETWORK_DUPLICATE_BUS', bus: 2 },
      { ...feeder33, buses: [...feeder33.buses, { bus: 2, pKw: 0, qKvar: 0 }] },
    ],
    [
      'loads that are no numbers',
      { code: 'POWER_FLOW_DIVERGED' },
      { ...feeder33, buses: feeder33.buses.map((bus) => ({ ...bus, pKw: bus.pKw * Number.NaN })) },
    ],
  ] as const)('is refused with %s', (_case, facts, feeder) => {
    expect(faultOf(() => solveFeeder(feeder))).toMatchObject(facts)
  })

  it('finds a branch from either end', () => {
    const network = createNetwork(feeder33)
    expect(branchIndex(network, 18, 17)).toBe(branchIndex(network, 17, 18))
    expect(faultOf(() => branchIndex(network, 1, 18))).toEqual({ code: 'NETWORK_UNKNOWN_BRANCH', from: 1, to: 18 })
  })

  it('falls into two trees where a branch opens', () => {
    const network = createNetwork(feeder33)
    const closed = network.closed.slice()
    closed[branchIndex(network, 6, 26)] = 0
    const main = radialTree(network, network.slack, closed)
    const island = radialTree(network, busIndex(network, 26), closed)
    expect([...island.order].map((bus) => network.busNumbers[bus])).toEqual([26, 27, 28, 29, 30, 31, 32, 33])
    expect(main.order).toHaveLength(25)
  })
})

describe('the power flow', () => {
  const network = createNetwork(feeder33)
  const tree = checkRadial(network)
  const buses = network.busNumbers.length
  const supply = { sourceRe: 1, sourceIm: 0, sourceR: 0, sourceX: 0 }
  const none = new Float64Array(buses)

  it('meets Kirchhoff and Ohm at every bus and branch, whatever the loads', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -0.5, max: 2, noNaN: true }), { minLength: 33, maxLength: 33 }),
        (factors) => {
          const flow = new PowerFlow(network)
          const p = network.p.map((value, bus) => value * factors[bus]!)
          const q = network.q.map((value, bus) => value * factors[bus]!)
          expect(flow.solve(tree, { ...supply, p, q, g: none, b: none }, 1e-11)).toBe(true)
          const { voltage: v, current: i } = flow

          const balance = new Float64Array(2 * buses)
          for (let branch = 0; branch < network.from.length; branch++) {
            if (!network.closed[branch]) continue
            const [from, to] = [network.from[branch]!, network.to[branch]!]
            const [re, im] = [i[2 * branch]!, i[2 * branch + 1]!]
            const [r, x] = [network.r[branch]!, network.x[branch]!]
            expect(v[2 * from]! - v[2 * to]!).toBeCloseTo(r * re - x * im, 9)
            expect(v[2 * from + 1]! - v[2 * to + 1]!).toBeCloseTo(r * im + x * re, 9)
            balance[2 * from]! -= re
            balance[2 * from + 1]! -= im
            balance[2 * to]! += re
            balance[2 * to + 1]! += im
          }
          for (let bus = 1; bus < buses; bus++) {
            const [vr, vi, ir, ii] = [v[2 * bus]!, v[2 * bus + 1]!, balance[2 * bus]!, balance[2 * bus + 1]!]
            expect(vr * ir + vi * ii).toBeCloseTo(p[bus]!, 8)
            expect(vi * ir - vr * ii).toBeCloseTo(q[bus]!, 8)
          }
        },
      ),
      { numRuns: 25 },
    )
  })

  it('solves a bolted fault: almost no voltage there and beyond, some before', () => {
    const flow = new PowerFlow(network)
    const g = new Float64Array(buses)
    g[busIndex(network, 12)] = 1e6
    expect(flow.solve(tree, { ...supply, p: network.p, q: network.q, g, b: none })).toBe(true)
    const pu = (bus: number): number =>
      Math.hypot(flow.voltage[2 * busIndex(network, bus)]!, flow.voltage[2 * busIndex(network, bus) + 1]!)
    expect(pu(12)).toBeLessThan(1e-4)
    expect(pu(18)).toBeLessThan(1e-4)
    expect(pu(6)).toBeGreaterThan(0.2)
    expect(pu(1)).toBeCloseTo(1, 9)
  })

  it('has an answer for loads far beyond the feeder: the voltage falls, the load with it', () => {
    const flow = new PowerFlow(network)
    const p = network.p.map((value) => value * 20)
    expect(flow.solve(tree, { ...supply, p, q: network.q, g: none, b: none })).toBe(true)
    expect(Math.hypot(flow.voltage[34]!, flow.voltage[35]!)).toBeLessThan(0.7)
  })

  it('takes few rounds when little has changed', () => {
    const flow = new PowerFlow(network)
    const { p, q } = network
    flow.solve(tree, { ...supply, p, q, g: none, b: none })
    flow.solve(tree, { ...supply, p: p.map((value) => value * 1.0001), q, g: none, b: none })
    expect(flow.iterations).toBeLessThanOrEqual(5)
  })
})
