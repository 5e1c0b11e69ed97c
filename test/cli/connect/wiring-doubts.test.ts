import { describe, expect, it } from 'vitest'
import type { Phasor, PmuConfiguration } from '../../../src/c37118/index.ts'
import type { Doubt } from '../../../src/cli/connect/doubt.ts'
import { rotationOf, wiringDoubts } from '../../../src/cli/connect/wiring-doubts.ts'

type Values = Readonly<Record<string, readonly [magnitude: number, degrees: number]>>

const healthy: Values = {
  VA: [7300, 10],
  VB: [7290, -110],
  VC: [7310, 130],
  IA: [100, -15],
  IB: [95, -135],
  IC: [105, 105],
}

const pmuOf = (values: Values): PmuConfiguration => ({
  stn: 'Feeder 7',
  idcode: 7,
  format: { polar: false, phasors: 'float32', analogs: 'float32', freq: 'float32' },
  phasors: Object.keys(values).map((name) => ({ name, kind: name.startsWith('V') ? 'voltage' : 'current' })),
  analogs: [],
  digitals: [],
  fnom: 50,
  cfgcnt: 0,
})

/** Two seconds of a grid at 50.1 Hz that measures this. */
const instantsOf = (values: Values): Phasor[][] =>
  Array.from({ length: 100 }, (_, i) =>
    Object.entries(values).map(([name, [magnitude, degrees]]) => {
      const angle = ((degrees + 0.72 * i) * Math.PI) / 180
      return { name, magnitude, angle, re: magnitude * Math.cos(angle), im: magnitude * Math.sin(angle) }
    }),
  )

function mirrored(values: Values): Values {
  return Object.fromEntries(Object.entries(values).map(([name, [magnitude, degrees]]) => [name, [magnitude, -degrees]]))
}

const doubtsOf = (values: Values): Pick<Doubt, 'code' | 'channels'>[] =>
  wiringDoubts(pmuOf(values), instantsOf(values)).map(({ code, channels }) => ({ code, channels }))

const volts = ['VA', 'VB', 'VC']
const amps = ['IA', 'IB', 'IC']

describe('wiringDoubts', () => {
  it.each([
    ['a healthy PMU', healthy],
    ['a voltage unbalance of 5 %', { ...healthy, VB: [6935, -110] }],
    ['currents that differ as loads do', { ...healthy, IA: [20, -15], IB: [95, -160] }],
    ['power that flows backwards', { ...healthy, IA: [100, 165], IB: [95, 45], IC: [105, -75] }],
    ['a grid without load', { VA: [7300, 10], VB: [7290, -110], VC: [7310, 130] }],
  ] satisfies [string, Values][])('has none about %s', (_case, values) => {
    expect(doubtsOf(values)).toEqual([])
    expect(rotationOf(pmuOf(values), instantsOf(values))).toBe('ABC')
  })

  it.each([
    ['a grid that rotates the other way', mirrored(healthy), 'ROTATION', volts],
    ['phase A reversed', { VA: [7300, -170] }, 'REVERSED', ['VA']],
    ['phase B reversed', { VB: [7290, 70] }, 'REVERSED', ['VB']],
    ['phase C reversed', { VC: [7310, -50] }, 'REVERSED', ['VC']],
    ['a reversed current transformer', { IB: [95, 45] }, 'REVERSED', ['IB']],
    ['one phase on two inputs', { VB: [7290, 10] }, 'SAME_PHASE', ['VA', 'VB']],
    ['angles that are no three phases', { VB: [7290, 60], VC: [7310, 100] }, 'ANGLES', volts],
    ['a wrong transformer ratio', { VC: [3655, 130] }, 'MAGNITUDE', ['VC']],
    ['a blown fuse that still induces', { VC: [40, 130] }, 'MAGNITUDE', ['VC']],
    ['a dead input', { VC: [0, 0] }, 'ZERO', ['VC']],
    ['an input marked absent', { IC: [Number.NaN, Number.NaN] }, 'NO_VALUE', ['IC']],
    ['two current transformers swapped', { IB: [95, 105], IC: [105, -135] }, 'CURRENT_PHASES', amps],
    ['currents on the next phase', { IA: [100, -110], IB: [95, 130], IC: [105, 10] }, 'CURRENT_PHASES', amps],
  ] satisfies [string, Values, string, string[]][])('finds %s', (_case, change, code, channels) => {
    expect(doubtsOf({ ...healthy, ...change })).toEqual([{ code, channels }])
  })

  it('tells swapped voltages from a grid that rotates the other way by the currents', () => {
    expect(doubtsOf({ ...healthy, VB: [7290, 130], VC: [7310, -110] })).toEqual([
      { code: 'ROTATION', channels: volts },
      { code: 'CURRENT_PHASES', channels: amps },
    ])
  })

  it('tells phase to phase from phase to ground', () => {
    const values: Values = { ...healthy, VA: [7300 * Math.sqrt(3), 10] }
    expect(wiringDoubts(pmuOf(values), instantsOf(values)).map(({ hint }) => hint)).toEqual([
      expect.stringContaining('1/√3'),
      expect.stringContaining('1/√3'),
    ])
  })

  it('finds names that do not fit the unit, and scales of 0', () => {
    const pmu: PmuConfiguration = {
      ...pmuOf({}),
      format: { polar: false, phasors: 'int16', analogs: 'int16', freq: 'int16' },
      phasors: [
        { name: 'VA', kind: 'current', phunit: 1 },
        { name: 'IA', kind: 'current', phunit: 0 },
      ],
    }
    const instants = instantsOf({ VA: [1, 0], IA: [1, 0] })
    expect(wiringDoubts(pmu, instants).map(({ code, channels }) => [code, ...channels])).toEqual([
      ['UNIT', 'VA'],
      ['SCALE', 'IA'],
    ])
  })

  it('waits for frames', () => {
    expect(wiringDoubts(pmuOf(healthy), [])).toEqual([])
  })
})
