import { z } from 'zod'
import { topicId } from './words.ts'

const MAX_BRANCHES = 10_000

/** A bus of the network: a number or a name. */
export const bus = topicId

/** The one-line diagram of the area, for whoever shows it. */
export const network = z
  .strictObject({
    nominalKv: z
      .number()
      .positive()
      .max(2000)
      .optional()
      .describe('nominal voltage between two phases, in kV; voltages are shown against it'),
    branches: z
      .array(z.tuple([bus, bus]))
      .min(1)
      .max(MAX_BRANCHES)
      .describe(
        'lines and transformers in service, as pairs of buses: [1, 2]; the first bus is where the diagram begins',
      ),
  })
  .describe('the one-line diagram that the dashboard shows; PMUs stand on it by their `bus`')
export type NetworkFields = z.output<typeof network>
