import { type Configuration, encodeConfiguration, encodeHeader } from '../c37118/index.ts'
import { analogChannels, digitalWords, type PhasorPlan } from './channels.ts'
import type { PmuSettings, SimulationSettings } from './config.ts'

/** What a simulated PMU answers when it is asked who it is: encoded frames, time of the start. */
export interface PmuFrames {
  readonly config1: readonly Uint8Array[]
  readonly config2: readonly Uint8Array[]
  readonly config3: readonly Uint8Array[]
  readonly header: Uint8Array
}

export function stationName({ station, bus, idcode }: PmuSettings): string {
  return station ?? `BUS ${bus} PMU ${idcode}`.slice(0, 16)
}

/** The CFG-2 of a simulated PMU. */
export function pmuConfiguration(
  settings: PmuSettings,
  { version, timeBase, grid }: SimulationSettings,
  phasors: readonly PhasorPlan[],
  soc: number,
): Configuration {
  return {
    type: 3,
    version,
    idcode: settings.idcode,
    soc,
    fraction: 0,
    timeQuality: 0,
    timeBase,
    timeBaseFlags: 0,
    dataRate: settings.rate,
    pmus: [
      {
        stn: stationName(settings),
        idcode: settings.idcode,
        format: settings.format,
        phasors: phasors.map(({ channel }) => channel),
        analogs: analogChannels(settings),
        digitals: digitalWords(settings),
        fnom: grid.nominalHz,
        cfgcnt: 1,
        gPmuId: `00000000-0000-4000-8000-${settings.idcode.toString(16).padStart(12, '0')}`,
        serviceClass: 'M',
      },
    ],
  }
}

/** CFG-1, CFG-2, CFG-3 and HEADER. A CFG-3 always has the version that brought it, 2011. */
export function encodePmuFrames(configuration: Configuration, text: string): PmuFrames {
  const { idcode, version, soc } = configuration
  return {
    config1: encodeConfiguration({ ...configuration, type: 2 }),
    config2: encodeConfiguration(configuration),
    config3: encodeConfiguration({ ...configuration, type: 5, version: 2 }),
    header: encodeHeader({ idcode, version, soc, text }),
  }
}
