import { type Feeder, feeder33 } from '../network/index.ts'
import { type FleetSettings, PmuSettings } from './config.ts'

/** The PMUs of a fleet: buses, rates and FORMATs taken in turn. */
export function expandFleet(fleet: FleetSettings, feeder: Feeder = feeder33): PmuSettings[] {
  const { count, firstIdcode, rates, formats, phasors, analogs, digitals } = fleet
  const buses = fleet.buses ?? feeder.buses.map(({ bus }) => bus)
  return Array.from({ length: count }, (_, i) =>
    PmuSettings.parse({
      idcode: firstIdcode + i,
      bus: buses[i % buses.length]!,
      rate: rates[i % rates.length]!,
      format: formats[i % formats.length]!,
      phasors,
      analogs,
      digitals,
    }),
  )
}
