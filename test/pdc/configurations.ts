import type { Configuration, Format, PmuConfiguration } from '../../src/c37118/index.ts'

const format: Format = { polar: false, phasors: 'int16', analogs: 'int16', freq: 'int16' }

/** Two phasors, an analog and a digital word, unless it says otherwise. */
export function pmuOf(fields: Partial<PmuConfiguration> = {}): PmuConfiguration {
  const { idcode = 1 } = fields
  return {
    stn: `PMU ${idcode}`,
    idcode,
    format,
    phasors: [
      { name: 'VA', kind: 'voltage', phunit: 915_527 },
      { name: 'IA', kind: 'current', phunit: 45_776 },
    ],
    analogs: [{ name: 'P', type: 1, scale: 1 }],
    digitals: [{ labels: Array.from({ length: 16 }, (_, bit) => `BIT ${bit}`), normal: 0, valid: 0xffff }],
    fnom: 50,
    cfgcnt: 3,
    ...fields,
  }
}

export function configurationOf(
  pmus: readonly Partial<PmuConfiguration>[],
  fields: Partial<Omit<Configuration, 'pmus'>> = {},
): Configuration {
  return {
    type: 3,
    version: 2,
    idcode: pmus[0]?.idcode ?? 1,
    soc: 1_700_000_000,
    fraction: 0,
    timeQuality: 0,
    timeBase: 1_000_000,
    timeBaseFlags: 0,
    dataRate: 50,
    pmus: pmus.map(pmuOf),
    ...fields,
  }
}
