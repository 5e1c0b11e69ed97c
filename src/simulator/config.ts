import { z } from 'zod'
import { ServerConfig } from '../config/server.ts'
import { branchName, SimulatorScript } from './events.ts'

const percent = z.number().min(0).max(100)
const seconds = z.number().positive().max(1e6)

/** The grid that feeds and loads the PMUs' buses. The feeder is that of Baran and Wu. */
export const GridSettings = z.strictObject({
  nominalHz: z
    .union([z.literal(50), z.literal(60)])
    .default(50)
    .describe('nominal frequency, and FNOM of every PMU'),
  systemMva: z
    .number()
    .positive()
    .default(50)
    .describe('rating of the machines that hold the frequency: the smaller, the more a feeder load moves it'),
  inertiaS: seconds.default(4).describe('inertia constant H of those machines, seconds'),
  damping: z.number().min(0).max(10).default(1).describe('per unit of load that goes with a per unit of frequency'),
  droop: z
    .number()
    .positive()
    .max(1)
    .default(0.05)
    .describe('governor droop R: per unit of frequency for all of the rating'),
  governorS: seconds.default(0.2).describe('governor lag, seconds'),
  turbineS: seconds.default(0.5).describe('turbine lag, seconds'),
  secondaryS: z
    .number()
    .min(0)
    .max(1e6)
    .default(30)
    .describe('seconds in which the set-points bring the frequency back; 0: never'),
  sourceMva: z
    .number()
    .positive()
    .max(1e9)
    .default(100)
    .describe('short-circuit power of the supply; 1e9 makes bus 1 stiff'),
  ambientPercent: percent
    .default(0.3)
    .describe('standard deviation of the rest of the system’s imbalance, of its rating'),
  loadWanderPercent: percent.default(2).describe('standard deviation with which each load wanders around its value'),
  loadWanderS: seconds.default(60).describe('time in which a load forgets where it was'),
  unbalancePercent: percent.default(1).describe('standard deviation of how unevenly the phases are loaded'),
})
export type GridSettings = z.output<typeof GridSettings>

export const phasorSymbols = ['VA', 'VB', 'VC', 'V0', 'V1', 'V2', 'IA', 'IB', 'IC', 'I0', 'I1', 'I2'] as const
export const analogSymbols = ['P', 'Q', 'U'] as const

const numberFormat = z.enum(['int16', 'float32'])

/** FORMAT of the configuration frame. */
export const FormatSettings = z.strictObject({
  polar: z.boolean().default(false).describe('phasors as magnitude and angle instead of real and imaginary part'),
  phasors: numberFormat.default('float32').describe('numbers of phasors'),
  analogs: numberFormat.default('float32').describe('numbers of analogs'),
  freq: numberFormat.default('float32').describe('numbers of FREQ and DFREQ'),
})
export type FormatSettings = z.output<typeof FormatSettings>

const rate = z.int().min(1).max(120).describe('frames per second')

const channels = {
  phasors: z
    .array(z.enum(phasorSymbols))
    .max(12)
    .default(['VA', 'VB', 'VC', 'V0', 'V1', 'V2', 'IA', 'IB', 'IC', 'I1'])
    .describe('phasors, in this order; those of current once for every branch'),
  analogs: z
    .array(z.enum(analogSymbols))
    .max(3)
    .default(['P', 'Q'])
    .describe('analogs: P in kW and Q in kvar of the first branch, U in per cent of nominal'),
  digitals: z
    .int()
    .min(0)
    .max(1)
    .default(1)
    .describe('digital words: bit 0 bus alive, bit 1 trigger, bit 2 clock locked, bit 3 first branch closed'),
}

/** One simulated PMU. */
export const PmuSettings = z.strictObject({
  idcode: z.int().min(1).max(65_534).describe('IDCODE of the stream and of the PMU'),
  station: z.string().min(1).max(16).optional().describe('STN, 16 characters; left out: made of bus and IDCODE'),
  bus: z.int().min(1).describe('bus where it measures'),
  branches: z
    .array(branchName)
    .max(8)
    .optional()
    .describe(
      'branches whose currents it measures, positive from the first bus to the second; left out: the one that feeds its bus',
    ),
  rate: rate.default(50),
  format: FormatSettings.prefault({}).describe('FORMAT'),
  ...channels,
})
export type PmuSettings = z.output<typeof PmuSettings>

/** Many PMUs at once, spread over the buses. */
export const FleetSettings = z
  .strictObject({
    count: z.int().min(1).max(20_000).describe('number of PMUs'),
    firstIdcode: z.int().min(1).max(65_534).default(1).describe('IDCODE of the first; the next count up'),
    buses: z.array(z.int().min(1)).min(1).optional().describe('buses, taken in turn; left out: all of the feeder'),
    rates: z.array(rate).min(1).default([50]).describe('frames per second, taken in turn'),
    formats: z.array(FormatSettings).min(1).prefault([{}]).describe('FORMATs, taken in turn'),
    ...channels,
  })
  .refine(({ count, firstIdcode }) => firstIdcode + count - 1 <= 65_534, 'IDCODEs would go beyond 65534')
export type FleetSettings = z.output<typeof FleetSettings>

/** What a simulation is made of. Two with the same settings give the same frames, byte for byte. */
export const SimulationSettings = z.strictObject({
  seed: z.int().min(0).default(1).describe('seed of everything that is random'),
  version: z
    .union([z.literal(1), z.literal(2)])
    .default(2)
    .describe('version in SYNC: 1 is 2005, 2 is 2011'),
  timeBase: z.int().min(1).max(0xffffff).default(1_000_000).describe('TIME_BASE'),
  grid: GridSettings.prefault({}).describe('the grid'),
  noise: z
    .strictObject({
      phasorPercent: percent
        .default(0.02)
        .describe('standard deviation of real and imaginary part, of nominal voltage or rated current'),
      frequencyMhz: z.number().min(0).max(1000).default(0.5).describe('standard deviation of FREQ, mHz'),
      rocof: z.number().min(0).max(100).default(0.01).describe('standard deviation of DFREQ, Hz/s'),
    })
    .prefault({})
    .describe('what the instruments add'),
  triggers: z
    .strictObject({
      lowPu: z
        .number()
        .min(0)
        .max(1)
        .default(0.85)
        .describe('positive-sequence voltage below which a PMU sets its trigger'),
      highPu: z.number().min(1).max(10).default(1.1).describe('and above which'),
      frequencyHz: z.number().positive().default(0.3).describe('deviation from nominal beyond which'),
      rocof: z.number().positive().default(1).describe('rate of change beyond which, Hz/s'),
    })
    .prefault({})
    .describe('when a PMU sets the trigger bits of STAT'),
  pmus: z.array(PmuSettings).default([]).describe('PMUs, one by one'),
  fleet: FleetSettings.optional().describe('PMUs by the number, besides those'),
  script: SimulatorScript.default([]).describe('events; without `at` at the start'),
})
export type SimulationSettings = z.output<typeof SimulationSettings>
export type SimulationInput = z.input<typeof SimulationSettings>

/** A simulation that runs by the clock and is served to PDCs. */
export const SimulatorConfig = z.strictObject({
  simulation: SimulationSettings,
  serve: ServerConfig.extend({
    ports: z
      .enum(['each', 'shared'])
      .default('each')
      .describe('each: the PMUs count up from the port (0 stays 0); shared: all on one, told apart by IDCODE'),
  })
    .optional()
    .describe('where PDCs reach the PMUs; left out: frames only go to the process that runs the simulator'),
  reportingDelayMs: z
    .number()
    .min(0)
    .max(10_000)
    .default(5)
    .describe('milliseconds after its timestamp at which a frame is sent'),
  catchUpMs: z
    .number()
    .min(0)
    .max(3_600_000)
    .default(10_000)
    .describe(
      'how far behind the clock every frame is still made up for; beyond, whole seconds are skipped and counted',
    ),
})
export type SimulatorConfig = z.output<typeof SimulatorConfig>
export type SimulatorInput = z.input<typeof SimulatorConfig>
