/** The type byte of ANUNIT in words. */
export function describeAnalogType(type: number): string {
  const known = ['single point-on-wave', 'rms', 'peak'][type]
  return known ?? (type > 64 ? 'user-defined' : 'reserved')
}

/** What was done to a phasor before it was sent (CFG-3, PHSCALE), one text per flag that is set. */
export function describePhasorModification(flags: number): string[] {
  return modifications.filter((_, bit) => flags & (1 << bit))
}

const modifications = [
  'reserved (bit 0)',
  'up-sampled with interpolation',
  'up-sampled with extrapolation',
  'down-sampled by reselection',
  'down-sampled with FIR filter',
  'down-sampled with non-FIR filter',
  'filtered without change of rate',
  'magnitude calibrated',
  'phase calibrated',
  'phase rotated',
  'pseudo-phasor',
  'reserved (bit 11)',
  'reserved (bit 12)',
  'reserved (bit 13)',
  'reserved (bit 14)',
  'other modification',
] as const
