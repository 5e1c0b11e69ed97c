import { describe, expect, it } from 'vitest'
import type { PhasorChannel } from '../../../src/c37118/index.ts'
import { phaseSets } from '../../../src/cli/connect/phase-sets.ts'

const voltage = (name: string): PhasorChannel => ({ name, kind: 'voltage' })
const current = (name: string): PhasorChannel => ({ name, kind: 'current' })

/** The names of each set, in the order A, B, C. */
const namesOf = (phasors: readonly PhasorChannel[]): string[][] =>
  phaseSets(phasors).map(({ channels }) => channels.map((channel) => phasors[channel]!.name))

describe('phaseSets', () => {
  it.each([
    ['plain letters', ['VA', 'VB', 'VC'], [['VA', 'VB', 'VC']]],
    ['names of C37.118_1PMU_TCP.pcap', ['V1LPM', 'VALPM', 'VBLPM', 'VCLPM'], [['VALPM', 'VBLPM', 'VCLPM']]],
    [
      'words',
      ['Phase A Voltage', 'Phase B Voltage', 'Phase C Voltage'],
      [['Phase A Voltage', 'Phase B Voltage', 'Phase C Voltage']],
    ],
    ['L1, L2, L3', ['U L3', 'U L1', 'U L2'], [['U L1', 'U L2', 'U L3']]],
    ['R, S, T', ['VR', 'VS', 'VT'], [['VR', 'VS', 'VT']]],
    ['R, Y, B', ['VR', 'VY', 'VB'], [['VR', 'VY', 'VB']]],
    [
      'two places',
      ['BUS1 VA', 'BUS1 VB', 'BUS1 VC', 'BUS2 VA', 'BUS2 VB', 'BUS2 VC'],
      [
        ['BUS1 VA', 'BUS1 VB', 'BUS1 VC'],
        ['BUS2 VA', 'BUS2 VB', 'BUS2 VC'],
      ],
    ],
    ['sequence voltages beside them', ['V0', 'V1', 'V2', 'VA', 'VB', 'VC'], [['VA', 'VB', 'VC']]],
    ['sequence voltages alone as three of something', ['V1', 'V2', 'V3'], [['V1', 'V2', 'V3']]],
    ['nothing in two of three', ['VA', 'VB'], []],
  ])('finds %s', (_case, names, expected) => {
    expect(namesOf(names.map(voltage))).toEqual(expected)
  })

  it('keeps voltages and currents apart, whatever their names', () => {
    const channels = [voltage('A'), voltage('B'), voltage('C'), current('A'), current('B'), current('C')]
    expect(phaseSets(channels)).toEqual([
      { kind: 'voltage', channels: [0, 1, 2], assumed: false },
      { kind: 'current', channels: [3, 4, 5], assumed: false },
    ])
  })

  it('says when it takes three nameless channels in their order', () => {
    expect(phaseSets([voltage('PHASOR 1'), voltage('PHASOR 2'), voltage('PHASOR 3')])).toEqual([
      { kind: 'voltage', channels: [0, 1, 2], assumed: true },
    ])
  })
})
