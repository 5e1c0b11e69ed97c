import { type Configuration, compileEncoder, encodeConfiguration } from '../../src/c37118/index.ts'

export interface SmallPmu {
  readonly stn?: string
  readonly phasors?: number
  readonly cfgcnt?: number
  readonly dataRate?: number
  readonly idcode?: number
}

/** A PMU of the usual kind: integer phasors, no analogs, microsecond time. */
export function smallPmu({
  stn = 'Station A',
  phasors = 3,
  cfgcnt = 1,
  dataRate = 50,
  idcode = 7,
}: SmallPmu = {}): Configuration {
  return {
    type: 3,
    version: 1,
    idcode,
    soc: 1_700_000_000,
    fraction: 0,
    timeQuality: 0,
    timeBase: 1_000_000,
    timeBaseFlags: 0,
    dataRate,
    pmus: [
      {
        stn,
        idcode,
        format: { polar: false, phasors: 'int16', analogs: 'int16', freq: 'int16' },
        phasors: Array.from({ length: phasors }, (_, index) => ({
          name: `V${index}`,
          kind: 'voltage' as const,
          phunit: 100_000,
        })),
        analogs: [],
        digitals: [],
        fnom: 50,
        cfgcnt,
      },
    ],
  }
}

export const configurationFrames = (configuration: Configuration): Uint8Array[] => encodeConfiguration(configuration)

/** Writes the data frame of slot `index`; its first phasor says which it is. `statOf`: its STAT. */
export function frameWriter(
  configuration: Configuration,
  statOf: (index: number) => number = () => 0,
): (index: number) => Uint8Array {
  const encoder = compileEncoder(configuration)
  const { dataRate, timeBase, soc } = configuration
  return (index) =>
    encoder.encode({
      soc: soc + Math.floor(index / dataRate),
      fraction: Math.round(((index % dataRate) * timeBase) / dataRate),
      pmus: configuration.pmus.map((pmu) => ({
        stat: statOf(index),
        phasors: pmu.phasors.map(() => ({ re: index % 30_000, im: 0 })),
        freq: 50,
        dfreq: 0,
        analogs: pmu.analogs.map(() => 1),
        digitals: pmu.digitals.map(() => 1),
      })),
    })
}
