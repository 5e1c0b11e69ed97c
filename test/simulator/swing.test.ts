import { describe, expect, it } from 'vitest'
import { SwingArea, type SwingParameters, wrapAngle } from '../../src/simulator/swing.ts'

const parameters: SwingParameters = {
  nominalHz: 50,
  inertiaS: 4,
  damping: 1,
  droop: 0.05,
  governorS: 0.2,
  turbineS: 0.5,
  secondaryS: 0,
  power: 0.5,
  minPower: 0,
  maxPower: 1,
}
const STEP_S = 0.01

/** Frequency deviations of an area whose load is `power`, step by step. */
function run(area: SwingArea, seconds: number, power: number): number[] {
  return Array.from({ length: Math.round(seconds / STEP_S) }, () => {
    area.draw(power, 0, 0, STEP_S)
    area.advance(STEP_S)
    return area.deviationHz
  })
}

describe('a synchronous area', () => {
  it('rests while load and generation are in balance', () => {
    expect(Math.max(...run(new SwingArea(parameters), 60, 0.5).map(Math.abs))).toBe(0)
  })

  it('begins to fall as its inertia says: P f / 2H', () => {
    const area = new SwingArea(parameters)
    area.draw(0.6, 0, 0, STEP_S)
    expect(area.rocof).toBeCloseTo((-0.1 * 50) / (2 * 4), 9)
  })

  it('dips, and recovers to what droop and damping leave', () => {
    const area = new SwingArea(parameters)
    const deviations = run(area, 60, 0.6)
    const settled = (-0.1 / (1 / 0.05 + 1)) * 50
    expect(deviations.at(-1)).toBeCloseTo(settled, 4)
    expect(Math.min(...deviations)).toBeLessThan(1.3 * settled)
    expect(area.mechanicalPower).toBeCloseTo(0.6 + settled / 50, 4)
  })

  it('comes back to nominal where there is a secondary control', () => {
    expect(run(new SwingArea({ ...parameters, secondaryS: 20 }), 300, 0.6).at(-1)).toBeCloseTo(0, 3)
  })

  it('falls without end once its generation is exhausted', () => {
    const deviations = run(new SwingArea(parameters), 30, 1.3)
    expect(deviations.at(-1)).toBeLessThan(-5)
  })

  it('turns its angle by the integral of its frequency', () => {
    const area = new SwingArea(parameters)
    let turns = 0
    for (let step = 0; step < 1000; step++) {
      area.draw(0.6, 0, 0, STEP_S)
      turns += (area.deviationAfter(0) + area.deviationAfter(STEP_S)) * (STEP_S / 2)
      area.advance(STEP_S)
    }
    expect(wrapAngle(area.angle - 2 * Math.PI * turns)).toBeCloseTo(0, 9)
  })

  it('follows an imposed deviation exactly, without its governor noticing', () => {
    const area = new SwingArea(parameters)
    for (let step = 0; step < 100; step++) {
      area.draw(0.5, step * 0.01, (step + 1) * 0.01, STEP_S)
      expect(area.rocof).toBeCloseTo(1, 9)
      area.advance(STEP_S)
    }
    expect(area.deviationHz).toBeCloseTo(1, 9)
    expect(area.mechanicalPower).toBe(0.5)
    // Half a hertz in the mean, for one second: half a turn.
    expect(Math.abs(area.angle)).toBeCloseTo(Math.PI, 6)
  })
})
