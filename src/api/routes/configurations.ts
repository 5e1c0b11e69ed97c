import type { FastifyInstance } from 'fastify'
import { configurationHistory } from '../../historian/index.ts'
import { configurationJson } from '../../streams/index.ts'
import type { RouteDeps } from '../routes.ts'
import { array, bad, integer, number, object, stream, string, time } from '../schemas.ts'
import { timeUs } from '../times.ts'
import { admitted } from '../while-connected.ts'

const named = { type: 'object', required: ['name'], properties: { name: string }, additionalProperties: true } as const

export function addConfigurationRoutes(app: FastifyInstance, { historian, places }: RouteDeps): void {
  app.get<{ Querystring: { readonly stream: string; readonly at?: string } }>(
    '/api/v1/configuration',
    {
      schema: {
        summary:
          'The configurations of a stream, each from its first frame on, by time; or the one in force at a time.',
        querystring: {
          type: 'object',
          required: ['stream'],
          additionalProperties: false,
          properties: { stream, at: time },
        },
        response: {
          200: array(
            object({
              since_us: integer,
              epoch: { type: 'integer', description: 'the same for the same configuration' },
              idcode: integer,
              time_base: integer,
              data_rate: { type: 'integer', description: 'frames a second; negative: seconds a frame' },
              frames_per_second: number,
              pmus: array({
                ...object({
                  station_name: string,
                  idcode: integer,
                  format: { type: 'object', additionalProperties: true },
                  phasors: array(named),
                  analogs: array(named),
                  digitals: array(object({ labels: array(string), normal: integer, valid: integer })),
                  fnom_hz: number,
                  cfgcnt: integer,
                }),
                additionalProperties: true,
              }),
              frames_hex: { type: 'array', items: string, description: 'as they came: CFG-2, or all parts of CFG-3' },
            }),
          ),
        },
      },
    },
    async (request, reply) => {
      const { stream: topic, at } = request.query
      const atUs = at === undefined ? undefined : timeUs(at, 'at')
      const history = await admitted(places.reads, { request, reply }, (signal) =>
        configurationHistory(historian.store, topic, signal),
      )
      const inForce = atUs === undefined ? undefined : history.findLast(({ sinceUs }) => sinceUs <= atUs)
      if (atUs !== undefined && !inForce) throw bad(`at: ${topic} had no configuration yet`)
      return (inForce ? [inForce] : history).map(({ sinceUs, epoch: { number: epoch, configuration, fragments } }) => ({
        since_us: sinceUs,
        epoch,
        ...configurationJson(configuration),
        frames_hex: fragments.map((frame) => Buffer.from(frame).toString('hex')),
      }))
    },
  )
}
