import { z } from 'zod'
import { address, isLoopback, network } from './address.ts'
import { recovery } from './recovery.ts'
import { isTopicFilter } from './topic-filter.ts'
import { oneOrMore, topicId } from './words.ts'

const days = z.number().positive().max(36_500)

/** What is stored, over HTTP. */
const api = z
  .strictObject({
    listen: address(9470)
      .prefault('127.0.0.1:9470')
      .describe('HOST:PORT on which the API answers; port 9470 by default'),
    tokensFile: z.string().optional().describe('who may read: a file of bearer tokens, one a line'),
    trustedProxies: z
      .array(network)
      .default([])
      .describe(
        'addresses and networks of reverse proxies: of what comes from there, X-Forwarded-For says whose it is',
      ),
    live: z
      .strictObject({
        url: z
          .string()
          .refine(
            (text) => URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol),
            'must be ws:// or wss:// with a host',
          )
          .describe('the broker as browsers reach it: wss://HOST:PORT/PATH'),
        username: z.string().min(1).optional().describe('user that may only read; every page is told'),
        passwordFile: z
          .string()
          .min(1)
          .optional()
          .describe('file whose first line is its password; every page is told'),
      })
      .optional()
      .describe(
        'where the dashboard gets live data, if the broker is not the embedded one; without it, it shows what is stored',
      ),
  })
  .refine(({ listen, tokensFile }) => isLoopback(listen.host) || tokensFile !== undefined, {
    error: 'an address that is not loopback needs tokensFile',
    path: ['listen'],
  })

/** A historian of a site: which streams it keeps, and where what is hot ends. */
export const historian = z
  .strictObject({
    id: topicId.optional().describe('name in logs and metrics; historian-1, -2 … in the order of the file by default'),
    streams: oneOrMore(z.string().refine(isTopicFilter, 'neither a stream’s topic nor a filter'))
      .optional()
      .describe(
        'which streams are kept: PMU/ID of this site, or whole topics; + and # as in MQTT. By default all PMUs and PDCs of the area',
      ),
    recovery: recovery.prefault('replay'),
    sealAfterMin: z
      .number()
      .positive()
      .max(1440)
      .default(5)
      .describe('so many minutes after an hour has ended it is sealed; what comes later is sealed anew'),
    keepDays: z
      .strictObject({
        frames: days.optional().describe('frames, bit for bit'),
        seconds: days.optional().describe('least, greatest and mean of each second'),
        minutes: days.optional().describe('the same of each minute'),
      })
      .default({})
      .describe('days after which sealed files go; without a number they stay'),
    api: api.optional().describe('the HTTP API; without it there is none'),
    memoryMiB: z.int().min(64).max(65_536).default(512).describe('memory that the store may use'),
    threads: z.int().min(1).max(64).default(1).describe('threads that the store may use'),
  })
  .describe('keeps every frame of streams, and tells what is missing')
export type HistorianFields = z.output<typeof historian>
