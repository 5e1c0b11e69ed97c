import { z } from 'zod'
import { late, recovery } from './recovery.ts'
import { ServerConfig } from './server.ts'
import { isTopicFilter } from './topic-filter.ts'
import { oneOrMore, topicId } from './words.ts'

const { listen, ...server } = ServerConfig.shape

/** A server that PDCs take for the PMUs themselves. */
export const pdcAdapter = z
  .strictObject({
    id: topicId
      .optional()
      .describe('name in logs and metrics; pdc-adapter-1, -2 … in the order of the file by default'),
    listen: oneOrMore(listen.element).describe(listen.description ?? ''),
    streams: oneOrMore(z.string().refine(isTopicFilter, 'neither a stream’s topic nor a filter'))
      .prefault(['PMU/#'])
      .describe(
        'which streams are served, told apart by IDCODE: PMU/ID of this site, or whole topics; + and # as in MQTT',
      ),
    recovery: recovery.prefault('replay'),
    late: late.prefault('live-first'),
    ...server,
  })
  .describe('a C37.118.2 server for PDCs')
export type PdcAdapterFields = z.output<typeof pdcAdapter>
