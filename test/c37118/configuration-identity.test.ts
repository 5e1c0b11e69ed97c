import { describe, expect, it } from 'vitest'
import { type Configuration, encodeConfiguration, sameConfiguration } from '../../src/c37118/index.ts'
import { stationA } from '../fixtures/station-a.ts'
import { config3, largeConfig3 } from './support/config3.ts'
import { bodyOf, cutSealed, cutWhole } from './support/fragments.ts'

const later = <C extends Configuration>(configuration: C): C => ({
  ...configuration,
  soc: configuration.soc + 60,
  fraction: 7,
  timeQuality: 0x0f,
})

const ways: readonly (readonly [string, Configuration, (configuration: Configuration) => Uint8Array[]])[] = [
  ['a CFG-2', stationA, encodeConfiguration],
  ['a CFG-3', config3, encodeConfiguration],
  ['a CFG-3 of three frames', largeConfig3, encodeConfiguration],
  ['a CFG-3 with a CHK in each fragment', config3, (configuration) => cutSealed(configuration, 50)],
  ['a CFG-3 with one CHK for the whole', config3, (configuration) => cutWhole(configuration, 50)],
  ['a CFG-3 whose CHK was cut in two', config3, (configuration) => cutWhole(configuration, bodyOf(config3).length + 1)],
]

describe('sameConfiguration', () => {
  it.each(ways)('overlooks time and CHK of %s', (_name, configuration, write) => {
    expect(sameConfiguration(write(configuration), write(later(configuration)))).toBe(true)
  })

  it.each(ways)('sees any other difference of %s', (_name, configuration, write) => {
    const [pmu, ...others] = configuration.pmus
    const changed: readonly Configuration[] = [
      { ...configuration, idcode: 1234 },
      { ...configuration, dataRate: configuration.dataRate + 1 },
      { ...configuration, dataRate: configuration.dataRate + 256 },
      { ...configuration, pmus: [{ ...pmu!, cfgcnt: pmu!.cfgcnt + 1 }, ...others] },
      { ...configuration, pmus: [{ ...pmu!, stn: 'other' }, ...others] },
      { ...configuration, pmus: [pmu!, ...configuration.pmus] },
    ]
    for (const other of changed) expect(sameConfiguration(write(configuration), write(other))).toBe(false)
  })
})
