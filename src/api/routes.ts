import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { type Historian, rangeOf, storedFrames } from '../historian/index.ts'
import { accountJson } from '../streams/index.ts'
import { Admission } from './admission.ts'
import { ApiError } from './api-error.ts'
import { timeUs } from './times.ts'
import { admitted, askerOf } from './while-connected.ts'

const MAX_POINTS = 20_000
const MAX_CHANNELS = 64
/** Channels times points: an answer is made, and told, in one go. */
const MAX_VALUES = 200_000
const MAX_RANGE_US = 366 * 86_400_000_000
/** Requests that read the store at once; others wait, so many of them. */
const READS_AT_ONCE = 2
const READS_WAITING = 64
/** A longer period is read apart, so that those who ask for hours do not wait for it. */
const LONG_US = 26 * 3_600_000_000
const LONG_AT_ONCE = 1
const LONG_WAITING = 8
/** Answers without an end in sight, at once. */
const EXPORTS_AT_ONCE = 2
const EXPORTS_WAITING = 8
/** Frames of one request: whoever wants more asks again. */
const MAX_FRAMES_US = 26 * 3_600_000_000
/** Requests that read no disk. */
const QUICK_AT_ONCE = 4
const QUICK_WAITING = 64

const stream = { type: 'string', minLength: 1, maxLength: 400, description: 'topic of a stream' } as const
const time = { type: 'string', description: 'ISO 8601, or µs since 1970' } as const
const number = { type: 'number' } as const
const string = { type: 'string' } as const
const maybeNumber = { type: ['number', 'null'] } as const
const object = <P extends object>(properties: P) => ({ type: 'object', properties }) as const
const array = <I extends object>(items: I) => ({ type: 'array', items }) as const

interface PeriodQuery {
  readonly stream: string
  readonly from: string
  readonly to: string
}

export function addRoutes(app: FastifyInstance, historian: Historian): void {
  const { store } = historian
  const reads = new Admission(READS_AT_ONCE, READS_WAITING)
  const quick = new Admission(QUICK_AT_ONCE, QUICK_WAITING)
  const longReads = new Admission(LONG_AT_ONCE, LONG_WAITING)
  const exports = new Admission(EXPORTS_AT_ONCE, EXPORTS_WAITING)

  app.get('/api/v1/openapi.json', { schema: { hide: true } }, async () => app.swagger())

  app.get(
    '/api/v1/health',
    {
      schema: {
        summary: 'Whether it lives, and how many streams it has.',
        response: { 200: object({ status: string, streams: { type: 'integer' } }) },
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
              configurations: { type: 'integer' },
              channels: array(object({ id: string, unit: string })),
            }),
          ),
        },
      },
    },
    async (request, reply) => {
      await admitted(quick, askerOf(request), reply)
      return store.topics.map((topic) => {
        const epochs = store.epochsOf(store.streamOf(topic))
        const channels = new Map(
          epochs.flatMap((epoch) => store.channelsOf(epoch).map(({ id, unit }) => [id, unit] as const)),
        )
        return {
          stream: topic,
          configurations: epochs.length,
          channels: [...channels].map(([id, unit]) => ({ id, unit })),
        }
      })
    },
  )

  app.get(
    '/api/v1/accounts',
    {
      schema: {
        summary: 'What became of every timestamp of each stream.',
        response: { 200: { type: 'object', additionalProperties: true } },
      },
    },
    async (request, reply) => {
      await admitted(quick, askerOf(request), reply)
      return Object.fromEntries([...historian.accounts()].map(([topic, account]) => [topic, accountJson(account)]))
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
      await admitted(quick, askerOf(request), reply)
      return historian
        .latest(request.query.stream)
        .map(({ topic, timeUs, values }) => ({ stream: topic, time_us: timeUs, values }))
    },
  )

  app.get<{ Querystring: PeriodQuery & { readonly channel: string[]; readonly points: number } }>(
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
            channel: {
              type: 'array',
              items: { type: 'string', maxLength: 400 },
              minItems: 1,
              maxItems: MAX_CHANNELS,
              description: 'ids of channels; repeat it for several',
            },
            from: time,
            to: time,
            points: {
              type: 'integer',
              minimum: 2,
              maximum: MAX_POINTS,
              default: 2000,
              description: 'values of each channel at most',
            },
          },
        },
        response: {
          200: object({
            raw: { type: 'boolean', description: 'every value; else the least and the greatest of each part' },
            series: array(
              object({ channel: string, unit: string, times_us: array(number), values: array(maybeNumber) }),
            ),
          }),
        },
      },
    },
    async (request, reply) => {
      const { query } = request
      const { channel: channels, points } = query
      const period = periodOf(query)
      if (period.toUs - period.fromUs > MAX_RANGE_US) throw bad('a year is the most')
      if (channels.length * points > MAX_VALUES)
        throw bad(`${MAX_VALUES} values are the most: fewer channels, or points`)
      const asker = askerOf(request)
      await admitted(period.toUs - period.fromUs > LONG_US ? longReads : reads, asker, reply)
      const { series, isRaw } = await rangeOf(store, { topic: query.stream, channels, points, ...period }, asker)
      return {
        raw: isRaw,
        series: series.map(({ channel, unit, timesUs, values }) => ({
          channel,
          unit,
          times_us: timesUs,
          // JSON has no infinity.
          values: values.map((value) => (value === null || Number.isFinite(value) ? value : null)),
        })),
      }
    },
  )

  app.get<{ Querystring: PeriodQuery }>(
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
        produces: ['application/octet-stream'],
      },
    },
    async (request, reply) => {
      const { query } = request
      const period = periodOf(query)
      if (period.toUs - period.fromUs > MAX_FRAMES_US) throw bad('26 hours are the most: ask for one after the other')
      store.streamOf(query.stream)
      const asker = askerOf(request)
      await admitted(exports, asker, reply)
      const frames = framesOf(historian, query.stream, period)
      const body = Readable.from(frames, { objectMode: false, highWaterMark: 1 << 18, signal: asker })
      return reply.type('application/octet-stream').send(body)
    },
  )
}

type ReadPeriod = { readonly fromUs: number; readonly toUs: number }

function periodOf({ from, to }: PeriodQuery): ReadPeriod {
  const [fromUs, toUs] = [timeUs(from, 'from'), timeUs(to, 'to')]
  if (fromUs >= toUs) throw bad('from is not before to')
  return { fromUs, toUs }
}

const PART_BYTES = 1 << 16

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

const bad = (problem: string): ApiError => new ApiError({ code: 'API_BAD_REQUEST', problem }, problem)
