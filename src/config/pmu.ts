import { z } from 'zod'
import { LiveConfig } from './bus.ts'
import { bus } from './network.ts'
import { simulatedSource } from './simulator.ts'
import { SourceConfig } from './source.ts'
import { topicId } from './words.ts'

const { transport, idcode, ...session } = SourceConfig.shape

/** Of one stream. */
export const ownLive = z
  .strictObject({
    qos: LiveConfig.shape.qos
      .unwrap()
      .optional()
      .describe(LiveConfig.shape.qos.description ?? ''),
    windowMs: LiveConfig.shape.windowMs
      .unwrap()
      .optional()
      .describe(LiveConfig.shape.windowMs.description ?? ''),
  })
  .optional()
  .describe('where this stream differs from the grid’s `live`')

/** One device that speaks C37.118.2, and the stream that is made of it. */
export const pmu = z
  .strictObject({
    id: topicId.describe('producer id: the last level of the stream’s topic'),
    type: z
      .enum(['PMU', 'PDC'])
      .default('PMU')
      .describe('what the device is: a PDC’s stream carries several PMUs, and its topic says PDC'),
    idcode,
    source: z
      .union([simulatedSource, transport])
      .describe(
        'how it is reached: tcp://, tcp+udp://, udp://, udp-spontaneous://HOST:PORT, pcap:PATH, or simulated:BUS',
      ),
    bus: bus.optional().describe('bus of `network` at which it measures, for the one-line diagram'),
    live: ownLive,
    ...session,
  })
  .describe('one device that speaks C37.118.2')
export type PmuFields = z.output<typeof pmu>
