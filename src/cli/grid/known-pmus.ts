import { type Configuration, decodeConfiguration, type PmuConfiguration } from '../../c37118/index.ts'
import type { Device, KnownPmu, KnownPmus } from '../../config/check-pdcs.ts'
import { LinkError, readSavedConfiguration } from '../../link/index.ts'
import { Simulation } from '../../simulator/index.ts'

/** What is known of devices before they speak: simulated ones, and those whose configuration was saved. */
export function knownPmus(): KnownPmus {
  const simulated = new Map<number, Configuration>()
  return async ({ source, session: { idcode, savedConfiguration } }: Device) => {
    if (source.kind === 'simulated') {
      const { bus } = source
      const configuration = simulated.get(bus) ?? new Simulation({ pmus: [{ bus, idcode: 1 }] }).pmus[0]!.configuration
      simulated.set(bus, configuration)
      return configuration.pmus.map(sizesOf)
    }
    if (savedConfiguration === undefined) return undefined
    try {
      return decodeConfiguration(await readSavedConfiguration(savedConfiguration, idcode)).pmus.map(sizesOf)
    } catch (error) {
      // Whoever reads the device says what is wrong with it; here it only tells nothing.
      if (error instanceof LinkError) return undefined
      throw error
    }
  }
}

const sizesOf = ({ phasors, analogs, digitals, format }: PmuConfiguration): KnownPmu => ({
  phasors: phasors.length,
  analogs: analogs.length,
  digitals: digitals.length,
  isFloat: {
    phasors: format.phasors === 'float32',
    analogs: format.analogs === 'float32',
    freq: format.freq === 'float32',
  },
})
