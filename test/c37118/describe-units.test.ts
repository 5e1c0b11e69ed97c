import { describe, expect, it } from 'vitest'
import { describeAnalogType, describePhasorModification } from '../../src/c37118/index.ts'

describe('units in words', () => {
  it('name the types of ANUNIT', () => {
    expect([0, 1, 2, 3, 64, 65, 70, 255].map(describeAnalogType)).toEqual([
      'single point-on-wave',
      'rms',
      'peak',
      'reserved',
      'reserved',
      'user-defined',
      'user-defined',
      'user-defined',
    ])
  })

  it('name the modifications of PHSCALE', () => {
    expect(describePhasorModification(0)).toEqual([])
    expect(describePhasorModification(0x8104)).toEqual([
      'up-sampled with extrapolation',
      'phase calibrated',
      'other modification',
    ])
  })
})
