import type { FastifyInstance } from 'fastify'
import { type Historian, storedFrames } from '../../historian/index.ts'
import type { RouteDeps } from '../routes.ts'
import { type PeriodQuery, periodOf, type ReadPeriod, stream, time } from '../schemas.ts'
import { sendAdmitted } from '../while-connected.ts'

/** Of one request: whoever wants more asks again. */
export const MAX_EXPORT_US = 26 * 3_600_000_000
export const MOST_EXPORTED = '26 hours are the most: ask for one after the other'
const PART_BYTES = 1 << 16

export function addFrameRoutes(app: FastifyInstance, { historian, places }: RouteDeps): void {
  app.get<{ Querystring: PeriodQuery & { readonly stream: string } }>(
    '/api/v1/frames',
    {
      schema: {
        summary: 'C37.118.2 frames, byte for byte as they came, each configuration before the data it describes.',
        querystring: {
          type: 'object',
          required: ['stream', 'from', 'to'],
          additionalProperties: false,
          properties: { stream, from: time, to: time },
        },
        response: {
          200: {
            description: 'frames back to back',
            content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
          },
        },
      },
    },
    async (request, reply) => {
      const { query } = request
      const period = periodOf(query, MAX_EXPORT_US, MOST_EXPORTED)
      historian.store.streamOf(query.stream)
      const frames = framesOf(historian, query.stream, period)
      return await sendAdmitted(places.exports, { request, reply }, 'application/octet-stream', frames)
    },
  )
}

async function* framesOf({ store }: Historian, topic: string, period: ReadPeriod): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = []
  let bytes = 0
  let told: object | undefined
  for await (const { frame, epoch } of storedFrames(store, topic, period)) {
    for (const part of epoch === told ? [frame] : [...epoch.fragments, frame]) {
      parts.push(part)
      bytes += part.length
    }
    told = epoch
    if (bytes < PART_BYTES) continue
    yield Buffer.concat(parts)
    parts = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(parts)
}
