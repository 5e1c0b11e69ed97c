import { describe, expect, it } from 'vitest'
import { branchIndex, busIndex, feeder33, feeder33Solution } from '../../src/network/index.ts'
import { GridSettings } from '../../src/simulator/config.ts'
import { SimulatorEvent, type SimulatorEventInput } from '../../src/simulator/events.ts'
import { Grid } from '../../src/simulator/grid.ts'
import { Random } from '../../src/simulator/random.ts'
import { SimulatorError } from '../../src/simulator/simulator-error.ts'
import { wrapAngle } from '../../src/simulator/swing.ts'

const quiet = { ambientPercent: 0, loadWanderPercent: 0, unbalancePercent: 0 }
const NOMINAL_V = 12_660 / Math.sqrt(3)

function gridWith(settings: Parameters<typeof GridSettings.parse>[0], ...events: SimulatorEventInput[]): Grid {
  const grid = new Grid(GridSettings.parse(settings), new Random(1, 0))
  for (const event of events) {
    const parsed = SimulatorEvent.parse(event)
    grid.add(parsed, parsed.at ?? 0)
  }
  return grid
}

/** Magnitude in per unit and angle of phase a (or another) at a bus. */
function voltageAt(grid: Grid, bus: number, phase = 0): { pu: number; angle: number } {
  const at = 6 * busIndex(grid.network, bus) + 2 * phase
  const [re, im] = [grid.state.voltage[at]!, grid.state.voltage[at + 1]!]
  return { pu: Math.hypot(re, im) / NOMINAL_V, angle: Math.atan2(im, re) }
}

const deviationAt = (grid: Grid, bus: number): number => grid.state.deviationHz[busIndex(grid.network, bus)]!

/** What `read` gives at every slot of a rate over some seconds. */
function sample<T>(grid: Grid, seconds: number, rate: number, read: () => T): T[] {
  const from = Math.floor(grid.timeS + 1e-9)
  return Array.from({ length: seconds * rate }, (_, i) => {
    grid.advanceTo(from + Math.floor(i / rate), (i % rate) / rate)
    return read()
  })
}

describe('the running grid', () => {
  it('is the published solution when nothing wanders', () => {
    const grid = gridWith(quiet)
    grid.advanceTo(0, 0)
    expect(voltageAt(grid, 1).pu).toBeCloseTo(1, 6)
    expect(voltageAt(grid, 1).angle).toBeCloseTo(0, 6)
    expect(voltageAt(grid, feeder33Solution.lowestVoltageBus).pu).toBeCloseTo(feeder33Solution.lowestVoltagePu, 4)
    for (const phase of [1, 2]) {
      expect(voltageAt(grid, 18, phase).pu).toBeCloseTo(voltageAt(grid, 18).pu, 9)
      const shift = voltageAt(grid, 18, phase).angle - voltageAt(grid, 18).angle
      expect(wrapAngle(shift + (phase * 2 * Math.PI) / 3)).toBeCloseTo(0, 9)
    }
  })

  it('delivers into each branch what the loads beyond take and the branches beyond lose', () => {
    const grid = gridWith({})
    grid.advanceTo(7, 0.123)
    const { network, state } = grid
    let delivered = 0
    let lost = 0
    let taken = 0
    const first = branchIndex(network, 1, 2)
    for (let phase = 0; phase < 3; phase++) {
      const v = 2 * phase
      const i = 6 * first + 2 * phase
      delivered += state.voltage[v]! * state.current[i]! + state.voltage[v + 1]! * state.current[i + 1]!
      for (const [branch, { rOhm, closed }] of feeder33.branches.entries()) {
        const at = 6 * branch + 2 * phase
        if (closed) lost += rOhm * (state.current[at]! ** 2 + state.current[at + 1]! ** 2)
      }
      for (let bus = 1; bus < network.busNumbers.length; bus++) {
        let re = 0
        let im = 0
        for (let branch = 0; branch < network.from.length; branch++) {
          const sign = network.to[branch] === bus ? 1 : network.from[branch] === bus ? -1 : 0
          re += sign * state.current[6 * branch + 2 * phase]!
          im += sign * state.current[6 * branch + 2 * phase + 1]!
        }
        const at = 6 * bus + 2 * phase
        taken += state.voltage[at]! * re + state.voltage[at + 1]! * im
      }
    }
    expect(taken / 3.715e6).toBeGreaterThan(0.95)
    expect(taken / 3.715e6).toBeLessThan(1.05)
    expect(delivered).toBeCloseTo(taken + lost, 0)
  })

  it('wanders by itself, around nominal', () => {
    const grid = gridWith({})
    const deviations = sample(grid, 300, 10, () => deviationAt(grid, 1))
    expect(Math.max(...deviations.map(Math.abs))).toBeGreaterThan(0.002)
    expect(Math.max(...deviations.map(Math.abs))).toBeLessThan(0.05)
  })

  it('goes the same way by whatever instants it is asked for', () => {
    const often = gridWith({}, { kind: 'load-step', at: 1.004, bus: 18, kw: 300 })
    const seldom = gridWith({}, { kind: 'load-step', at: 1.004, bus: 18, kw: 300 })
    sample(often, 5, 119, () => 0)
    often.advanceTo(6, 0.25)
    seldom.advanceTo(6, 0.25)
    for (const [i, value] of seldom.state.voltage.entries()) expect(often.state.voltage[i]).toBeCloseTo(value, 3)
    expect(deviationAt(often, 1)).toBeCloseTo(deviationAt(seldom, 1), 9)
  })

  it('has an angle that turns with its frequency, without a jump between steps', () => {
    const grid = gridWith(quiet, { kind: 'frequency-excursion', hz: -0.5, rampS: 2, durationS: 1000 })
    const rate = 100
    const angles = sample(grid, 10, rate * 3, () => voltageAt(grid, 1).angle)
    const turned = angles.slice(1).map((angle, i) => wrapAngle(angle - angles[i]!))
    for (const step of turned.slice(-300)) expect(step).toBeCloseTo((2 * Math.PI * -0.5) / 300, 6)
    expect(deviationAt(grid, 1)).toBeCloseTo(-0.5, 6)
  })
})

describe('a load step', () => {
  it('lowers the voltage there and lets the frequency dip and recover as the governor does', () => {
    const grid = gridWith({ ...quiet, secondaryS: 0 }, { kind: 'load-step', at: 1, bus: 18, kw: 500, kvar: 100 })
    grid.advanceTo(0, 0.99)
    const before = voltageAt(grid, 18).pu
    grid.advanceTo(1, 0)
    expect(voltageAt(grid, 18).pu).toBeLessThan(before - 0.02)
    const deviations = sample(grid, 60, 50, () => deviationAt(grid, 18))
    // What it draws is the load and what it adds to the losses, over 50 MVA.
    const settled = deviations.at(-1)!
    expect(settled).toBeLessThan((-0.5 / 50 / 21) * 50)
    expect(settled).toBeGreaterThan((-0.7 / 50 / 21) * 50)
    expect(Math.min(...deviations)).toBeLessThan(1.3 * settled)
  })

  it('ends when it is told to', () => {
    const grid = gridWith(quiet, { kind: 'load-step', at: 1, bus: 18, kw: 500, durationS: 2 })
    grid.advanceTo(0, 0)
    const before = voltageAt(grid, 18).pu
    grid.advanceTo(2, 0.999)
    expect(voltageAt(grid, 18).pu).toBeLessThan(before - 0.02)
    grid.advanceTo(3, 0)
    expect(voltageAt(grid, 18).pu).toBeCloseTo(before, 4)
  })

  it('far beyond the feeder is a low voltage, not a failure', () => {
    const grid = gridWith(quiet, { kind: 'load-step', bus: 18, kw: 100_000 })
    grid.advanceTo(0, 0.5)
    expect(grid.unsettled).toBe(0)
    expect(voltageAt(grid, 18).pu).toBeLessThan(0.5)
  })
})

describe('a voltage sag', () => {
  it('from the supply leaves 1 - depth everywhere, in its phases only, for its time', () => {
    const grid = gridWith(quiet, { kind: 'voltage-sag', at: 1, depth: 0.4, phases: 'ab', durationS: 0.2 })
    grid.advanceTo(1, 0.1)
    expect(voltageAt(grid, 1, 0).pu).toBeCloseTo(0.6, 1)
    expect(voltageAt(grid, 18, 1).pu).toBeLessThan(0.6)
    expect(voltageAt(grid, 1, 2).pu).toBeCloseTo(1, 6)
    grid.advanceTo(1, 0.2)
    expect(voltageAt(grid, 1, 0).pu).toBeCloseTo(1, 3)
  })

  it('from a short circuit is deep there, deeper beyond than before it', () => {
    const grid = gridWith(quiet, { kind: 'voltage-sag', at: 1, depth: 0.6, bus: 9, durationS: 0.2 })
    grid.advanceTo(1, 0)
    expect(voltageAt(grid, 9).pu).toBeGreaterThan(0.3)
    expect(voltageAt(grid, 9).pu).toBeLessThan(0.4)
    expect(voltageAt(grid, 18).pu).toBeLessThan(voltageAt(grid, 9).pu)
    expect(voltageAt(grid, 1).pu).toBeGreaterThan(voltageAt(grid, 9).pu)
    expect(voltageAt(grid, 1).pu).toBeLessThan(0.99)
  })
})

describe('an island', () => {
  const island = { kind: 'island', at: 2, branch: '6-26', durationS: 20 } as const
  const frequencies = (grid: Grid, seconds: number): number[] => sample(grid, seconds, 20, () => deviationAt(grid, 33))

  it('rides on a local unit that has enough, on a frequency of its own, and comes back in phase', () => {
    const grid = gridWith(quiet, { ...island, generationKw: 1000 })
    grid.advanceTo(5, 0)
    expect(grid.state.closed[branchIndex(grid.network, 6, 26)]).toBe(0)
    expect(voltageAt(grid, 33).pu).toBeGreaterThan(0.9)
    expect(Math.abs(deviationAt(grid, 33) - deviationAt(grid, 6))).toBeGreaterThan(0.01)
    expect(deviationAt(grid, 33)).toBe(deviationAt(grid, 26))
    expect(grid.state.current[6 * branchIndex(grid.network, 6, 26)]).toBe(0)

    const angles = sample(grid, 60, 20, () => wrapAngle(voltageAt(grid, 26).angle - voltageAt(grid, 6).angle))
    expect(Math.max(...angles.map(Math.abs))).toBeGreaterThan(0.5)
    expect(grid.state.closed[branchIndex(grid.network, 6, 26)]).toBe(1)
    expect(deviationAt(grid, 33)).toBe(deviationAt(grid, 6))
    // The last jump, when the branch closes, is within the synchroniser's bound of 5 degrees.
    const jumps = angles.slice(1).map((angle, i) => Math.abs(wrapAngle(angle - angles[i]!)))
    expect(Math.max(...jumps)).toBeLessThan((6 * Math.PI) / 180)
  })

  it('collapses on one that has too little: frequency falls, then there is no voltage', () => {
    const grid = gridWith(quiet, { ...island, generationKw: 400 })
    const deviations = frequencies(grid, 15)
    expect(Math.min(...deviations)).toBeLessThan(-2)
    expect(voltageAt(grid, 33).pu).toBe(0)
    expect(grid.state.alive[busIndex(grid.network, 33)]).toBe(0)
    expect(deviations.at(-1)).toBe(0)
    expect(voltageAt(grid, 6).pu).toBeGreaterThan(0.9)
  })

  it('is dead at once without any, and fed again at the end', () => {
    const grid = gridWith(quiet, island)
    grid.advanceTo(2, 0.01)
    expect(voltageAt(grid, 33).pu).toBe(0)
    grid.advanceTo(22, 0.02)
    expect(voltageAt(grid, 33).pu).toBeGreaterThan(0.9)
  })

  it('within an island falls with it, and is fed again from outside in', () => {
    const grid = gridWith(quiet, island, { ...island, at: 3, branch: '30-31', durationS: 5 })
    grid.advanceTo(10, 0)
    expect(grid.state.closed[branchIndex(grid.network, 30, 31)]).toBe(0)
    grid.advanceTo(23, 0)
    expect([...grid.state.closed]).toEqual([...grid.network.closed])
    expect(voltageAt(grid, 33).pu).toBeGreaterThan(0.9)
  })
})

describe('an event', () => {
  it.each<[object, SimulatorEventInput]>([
    [
      { code: 'SIMULATOR_UNKNOWN_BUS', bus: 34 },
      { kind: 'load-step', bus: 34, kw: 1 },
    ],
    [
      { code: 'SIMULATOR_UNKNOWN_BRANCH', branch: '1-18' },
      { kind: 'island', branch: '1-18' },
    ],
    [
      { code: 'SIMULATOR_BRANCH_NOT_FEEDING', branch: '9-15' },
      { kind: 'island', branch: '9-15' },
    ],
  ])('that has no place is refused with %o', (facts, event) => {
    try {
      gridWith(quiet, event)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(SimulatorError)
      expect((error as SimulatorError).facts).toMatchObject(facts)
    }
  })

  it('ends early when all events are ended', () => {
    const grid = gridWith(quiet, { kind: 'load-step', bus: 18, kw: 500 }, { kind: 'island', branch: '6-26', at: 1 })
    grid.advanceTo(2, 0)
    grid.endEvents(2)
    grid.advanceTo(2, 0.02)
    expect(voltageAt(grid, 18).pu).toBeCloseTo(feeder33Solution.lowestVoltagePu, 3)
    expect(voltageAt(grid, 33).pu).toBeGreaterThan(0.9)
  })
})
