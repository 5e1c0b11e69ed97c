import { z } from 'zod'

const bus = z.int().min(1).describe('bus number')
const pmu = z.int().min(1).max(65_534).describe('IDCODE of the PMU')
const duration = z.number().positive().max(1e7)
const kilo = z.number().min(-1e6).max(1e6)

const branchRule = 'a branch is FROM-TO, two bus numbers, such as 6-26'

/** A branch by its two bus numbers: `6-26`. */
export const branchName = z
  .string(branchRule)
  .regex(/^\d{1,9}-\d{1,9}$/, branchRule)
  .describe('branch as FROM-TO, such as 6-26')

const at = {
  at: z.number().min(0).max(1e9).optional().describe('seconds after the start of the simulation; left out: now'),
}

/** What can happen to the simulated grid, in a script or on command. */
export const SimulatorEvent = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('load-step'),
      ...at,
      bus,
      kw: kilo.describe('three-phase active power that is added; negative sheds it'),
      kvar: kilo.default(0).describe('three-phase reactive power that is added'),
      durationS: duration.optional().describe('left out: it stays'),
    })
    .describe('a load is switched on at a bus'),
  z
    .strictObject({
      kind: z.literal('frequency-excursion'),
      ...at,
      hz: z.number().min(-10).max(10).describe('deviation that is reached, below zero for a loss of generation'),
      rampS: duration.default(1).describe('seconds to get there, and the same back'),
      durationS: duration.default(10).describe('ramps included'),
    })
    .describe('the frequency of the whole grid leaves its value and comes back'),
  z
    .strictObject({
      kind: z.literal('voltage-sag'),
      ...at,
      depth: z.number().gt(0).max(0.99).describe('0.3 leaves 70 % of the voltage'),
      bus: bus.optional().describe('bus of the short circuit; left out: the dip comes from the supply'),
      phases: z.enum(['a', 'b', 'c', 'ab', 'bc', 'ca', 'abc']).default('abc').describe('phases that dip'),
      durationS: duration.default(0.2).describe('until the fault is cleared'),
    })
    .describe('a short circuit, at a bus or somewhere above the feeder'),
  z
    .strictObject({
      kind: z.literal('oscillation'),
      ...at,
      hz: z
        .number()
        .min(0.05)
        .max(5)
        .default(0.5)
        .describe('frequency of the oscillation; 0.3 to 1.5 is what grids show'),
      mHz: z.number().min(0).max(2000).default(50).describe('amplitude with which the grid frequency swings'),
      percent: z.number().min(0).max(20).default(1).describe('amplitude with which the supply voltage swings'),
      damping: z.number().min(-0.1).max(1).default(0).describe('damping ratio; 0 goes on, below 0 grows'),
      bus: bus.optional().describe('with kw: a load at this bus swings, and the grid follows (a forced oscillation)'),
      kw: kilo.optional().describe('amplitude of that load'),
      durationS: duration.default(20).describe('fades in and out inside this time'),
    })
    .refine((event) => (event.bus === undefined) === (event.kw === undefined), 'bus and kw go together')
    .describe('an inter-area oscillation, or one that a load forces'),
  z
    .strictObject({
      kind: z.literal('time-sync-loss'),
      ...at,
      pmu,
      driftUsPerS: z
        .number()
        .min(-1000)
        .max(1000)
        .default(1)
        .describe('microseconds per second by which the clock runs away'),
      durationS: duration.default(60).describe('until it locks again'),
    })
    .describe('a PMU loses its time source'),
  z
    .strictObject({
      kind: z.literal('pmu-fault'),
      ...at,
      pmu,
      mode: z
        .enum(['error', 'test', 'silent'])
        .default('error')
        .describe('error: STAT says so and values freeze; test: STAT says test mode; silent: no frames'),
      durationS: duration.default(10).describe('until it works again'),
    })
    .describe('a PMU fails'),
  z
    .strictObject({
      kind: z.literal('island'),
      ...at,
      branch: branchName,
      generationKw: z
        .number()
        .min(0)
        .max(1e6)
        .default(0)
        .describe(
          'what a local unit beyond the branch delivers; it can give a fifth more, and with too little the island collapses',
        ),
      durationS: duration.default(30).describe('then it is synchronised and closed again'),
    })
    .describe('a branch opens, and what it fed is on its own'),
])
export type SimulatorEvent = z.output<typeof SimulatorEvent>
/** As a script or a caller writes it, defaults left out. */
export type SimulatorEventInput = z.input<typeof SimulatorEvent>

/** Events with their times: what a script file holds. */
export const SimulatorScript = z.array(SimulatorEvent).max(10_000)
