import { z } from 'zod'

/** Buses of the feeder that is simulated. */
const FEEDER_BUSES = 33

const simulatedObject = z
  .strictObject({
    kind: z.literal('simulated').describe('a PMU that is not there, on a simulated feeder'),
    bus: z.int().min(1).max(FEEDER_BUSES).describe('bus of the 33-bus feeder at which it measures'),
    rate: z.int().min(1).max(120).default(50).describe('frames per second'),
  })
  .describe('a PMU that is not there, on a simulated feeder')

/** `simulated:18`, or an object. In the place of a transport: put the real one there when the PMU arrives. */
export const simulatedSource = z.union([
  z
    .string()
    .regex(/^simulated:/)
    .transform((text, context): z.input<typeof simulatedObject> => {
      const bus = text.slice('simulated:'.length)
      if (/^\d+$/.test(bus)) return { kind: 'simulated', bus: Number(bus) }
      context.issues.push({ code: 'custom', input: text, message: `\`${text}\` names no bus; write simulated:18` })
      return z.NEVER
    })
    .pipe(simulatedObject),
  simulatedObject,
])
export type SimulatedSource = z.output<typeof simulatedObject>

/** The feeder that the simulated PMUs of a process share. */
export const simulatorSettings = z
  .strictObject({
    seed: z
      .int()
      .min(0)
      .max(2 ** 31)
      .default(1)
      .describe('the same seed gives the same measurements'),
    nominalHz: z
      .union([z.literal(50), z.literal(60)])
      .default(50)
      .describe('nominal frequency'),
  })
  .prefault({})
  .describe('the feeder of `source: simulated:BUS`')
export type SimulatorSettings = z.output<typeof simulatorSettings>
