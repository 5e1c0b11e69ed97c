import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { rangeOf, type Store } from '../../historian/index.ts'
import { csvBody } from '../csv-body.ts'
import type { RouteDeps } from '../routes.ts'
import {
  array,
  bad,
  channel,
  maybeNumber,
  number,
  object,
  type PeriodQuery,
  periodOf,
  stream,
  string,
  time,
} from '../schemas.ts'
import { admitted, sendAdmitted } from '../while-connected.ts'
import { MAX_EXPORT_US, MOST_EXPORTED } from './frames.ts'

const MAX_POINTS = 20_000
/** Channels times points: an answer is made, and told, in one go. */
const MAX_VALUES = 200_000

const rangeJson = object({
  raw: { type: 'boolean', description: 'every value; else the least and the greatest of each part' },
  series: array(object({ channel: string, unit: string, times_us: array(number), values: array(maybeNumber) })),
})

interface RangeQuery extends PeriodQuery {
  readonly stream: string
  readonly channel: string[]
  readonly points: number
  readonly format?: 'json' | 'csv'
}

export function addRangeRoutes(app: FastifyInstance, { historian, places }: RouteDeps): void {
  const sendCsv = async (
    request: FastifyRequest<{ Querystring: RangeQuery }>,
    reply: FastifyReply,
  ): Promise<FastifyReply> => {
    const { stream: topic, channel: channels, ...query } = request.query
    const rows = csvBody(historian.store, { topic, channels, ...periodOf(query, MAX_EXPORT_US, MOST_EXPORTED) })
    return await sendAdmitted(places.exports, { request, reply }, 'text/csv', rows)
  }

  app.get<{ Querystring: RangeQuery }>(
    '/api/v1/range',
    {
      schema: {
        summary: 'Values of channels: all of a period, or the least and the greatest of each of its parts.',
        querystring: {
          type: 'object',
          required: ['stream', 'channel', 'from', 'to'],
          additionalProperties: false,
          properties: {
            stream,
            channel,
            from: time,
            to: time,
            points: {
              type: 'integer',
              minimum: 2,
              maximum: MAX_POINTS,
              default: 2000,
              description: 'values of each channel at most; of JSON',
            },
            format: {
              type: 'string',
              enum: ['json', 'csv'],
              description: 'csv: all values, a row for each time, of 26 hours at most; or ask with Accept: text/csv',
            },
          },
        },
        response: {
          200: {
            description: 'values',
            content: { 'application/json': { schema: rangeJson }, 'text/csv': { schema: string } },
          },
        },
      },
    },
    async (request, reply) => {
      const { query } = request
      const { channel: channels, points, format = asks(request) } = query
      if (format === 'csv') return await sendCsv(request, reply)
      const period = periodOf(query)
      if (channels.length * points > MAX_VALUES)
        throw bad(`${MAX_VALUES} values are the most: fewer channels, or points`)
      const { store } = historian
      const topic = query.stream
      const { series, isRaw } = await admitted(
        places.reading(period, isWide(store, topic)),
        { request, reply },
        (signal) => rangeOf(store, { topic, channels, points, ...period }, signal),
      )
      return {
        raw: isRaw,
        series: series.map(({ channel: id, unit, timesUs, values }) => ({
          channel: id,
          unit,
          times_us: timesUs,
          // JSON has no infinity.
          values: values.map((value) => (value === null || Number.isFinite(value) ? value : null)),
        })),
      }
    },
  )
}

const asks = ({ headers: { accept = '' } }: FastifyRequest<{ Querystring: RangeQuery }>): 'json' | 'csv' =>
  /\btext\/csv\b/.test(accept) ? 'csv' : 'json'

/** Its frames have no columns: each is decoded. */
const isWide = (store: Store, topic: string): boolean =>
  store.epochsOf(store.streamOf(topic)).some((epoch) => store.tableOf(epoch).isWide)
