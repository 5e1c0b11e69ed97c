import { type RawPmu, startRawPmu } from '../../judge/index.ts'
import {
  type Configuration,
  compileEncoder,
  encodeConfiguration,
  frameTimeOf,
  type PmuConfiguration,
  type PolarInput,
} from '../../src/c37118/index.ts'

export interface MeasuringPmuOptions {
  readonly channels: Configuration['pmus'][number]['phasors']
  /** What the channels measure; degrees, turned on with the grid's frequency. */
  readonly values: readonly { readonly magnitude: number; readonly degrees: number }[]
  readonly frequencyHz?: number
  /** What FREQ says. */
  readonly saidHz?: number
  readonly stat?: number
  readonly clockOffsetMs?: number
  /** Of the frames' FRACSEC. */
  readonly timeQuality?: number
  readonly analogs?: readonly number[]
  readonly digitals?: readonly number[]
  /** Where its configuration is another. */
  readonly has?: Partial<Pick<PmuConfiguration, 'stn' | 'idcode' | 'analogs' | 'digitals'>>
  /** Leaves out every so many-th frame. */
  readonly dropEvery?: number
}

export interface MeasuringPmu {
  readonly pmu: RawPmu
  readonly configuration: Uint8Array
  close(): Promise<void>
}

export const RATE = 50
export const IDCODE = 765

/** Three voltages and three currents of a healthy feeder. */
export const healthy = {
  channels: (['VA', 'VB', 'VC', 'IA', 'IB', 'IC'] as const).map((name) => ({
    name,
    kind: name.startsWith('V') ? ('voltage' as const) : ('current' as const),
    phunit: 1,
  })),
  values: [
    { magnitude: 7300, degrees: 10 },
    { magnitude: 7290, degrees: -110 },
    { magnitude: 7310, degrees: 130 },
    { magnitude: 100, degrees: -15 },
    { magnitude: 95, degrees: -135 },
    { magnitude: 105, degrees: 105 },
  ],
} satisfies Pick<MeasuringPmuOptions, 'channels' | 'values'>

/** The configuration of such a PMU. */
export function configurationOf({ channels, has = {} }: Pick<MeasuringPmuOptions, 'channels' | 'has'>): Configuration {
  return {
    type: 3,
    version: 1,
    idcode: has.idcode ?? IDCODE,
    soc: 0,
    fraction: 0,
    timeQuality: 0,
    timeBase: 1_000_000,
    timeBaseFlags: 0,
    dataRate: RATE,
    pmus: [
      {
        stn: 'Feeder 7',
        idcode: IDCODE,
        format: { polar: false, phasors: 'float32', analogs: 'float32', freq: 'float32' },
        phasors: channels,
        analogs: [],
        digitals: [],
        fnom: 50,
        cfgcnt: 1,
        ...has,
      },
    ],
  }
}

/** A PMU on a port of the system's choice that measures, at {@link RATE}, what it is told it measures. */
export async function startMeasuringPmu(options: MeasuringPmuOptions): Promise<MeasuringPmu> {
  const { frequencyHz = 50, saidHz = frequencyHz, stat = 0, clockOffsetMs = 0, dropEvery } = options
  const { timeQuality = 0, analogs = [], digitals = [] } = options
  const configuration = configurationOf(options)
  const encoder = compileEncoder(configuration)
  const [bytes] = encodeConfiguration(configuration) as [Uint8Array]
  const pmu = await startRawPmu({ configuration: bytes })

  const phasorsAt = (seconds: number): PolarInput[] =>
    options.values.map(({ magnitude, degrees }) => {
      const turns = degrees / 360 + (frequencyHz - 50) * seconds
      return { magnitude, angle: 2 * Math.PI * (turns - Math.round(turns)) }
    })

  const period = 1000 / RATE
  let slot = Math.ceil(Date.now() / period)
  const timer = setInterval(() => {
    for (; slot * period <= Date.now(); slot++) {
      if (dropEvery !== undefined && slot % dropEvery === 0) continue
      const time = frameTimeOf((slot * period + clockOffsetMs) * 1000, configuration.timeBase)
      const phasors = phasorsAt((slot * period) / 1000)
      pmu.send(
        encoder.encode({ ...time, timeQuality, pmus: [{ stat, phasors, freq: saidHz, dfreq: 0, analogs, digitals }] }),
      )
    }
  }, 5)

  return {
    pmu,
    configuration: bytes,
    async close() {
      clearInterval(timer)
      await pmu.close()
    },
  }
}
