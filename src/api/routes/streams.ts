import type { FastifyInstance } from 'fastify'
import type { Store } from '../../historian/index.ts'
import type { RouteDeps } from '../routes.ts'
import { array, integer, maybeNumber, number, object, stream, string } from '../schemas.ts'
import { admitted } from '../while-connected.ts'

export function addStreamRoutes(app: FastifyInstance, { historian, places }: RouteDeps): void {
  const { store } = historian
  app.get(
    '/api/v1/health',
    {
      schema: {
        summary: 'Whether it lives, and how many streams it has.',
        response: { 200: object({ status: string, streams: integer }) },
      },
    },
    async () => ({ status: 'ok', streams: store.topics.length }),
  )

  app.get(
    '/api/v1/streams',
    {
      schema: {
        summary: 'Streams, with the channels of all their configurations.',
        response: {
          200: array(
            object({
              stream: string,
              configurations: integer,
              channels: array(object({ id: string, unit: string })),
            }),
          ),
        },
      },
    },
    async (request, reply) => {
      return await admitted(places.quick, { request, reply }, () =>
        store.topics.map((topic) => streamJson(store, topic)),
      )
    },
  )

  app.get<{ Querystring: { readonly stream?: string } }>(
    '/api/v1/latest',
    {
      schema: {
        summary: 'The newest values of a stream, or of all.',
        querystring: { type: 'object', additionalProperties: false, properties: { stream } },
        response: {
          200: array(
            object({
              stream: string,
              time_us: number,
              values: array(object({ channel: string, unit: string, value: maybeNumber })),
            }),
          ),
        },
      },
    },
    async (request, reply) => {
      return await admitted(places.quick, { request, reply }, () =>
        historian
          .latest(request.query.stream)
          .map(({ topic, timeUs, values }) => ({ stream: topic, time_us: timeUs, values })),
      )
    },
  )
}

function streamJson(store: Store, topic: string) {
  const epochs = store.epochsOf(store.streamOf(topic))
  const channels = new Map(
    epochs.flatMap((epoch) => store.channelsOf(epoch).map(({ id, unit }) => [id, unit] as const)),
  )
  return { stream: topic, configurations: epochs.length, channels: [...channels].map(([id, unit]) => ({ id, unit })) }
}
