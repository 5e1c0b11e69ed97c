import type { FastifyInstance } from 'fastify'
import { type Counts, type EventKind, eventKinds } from '../../historian/index.ts'
import { accountJson, missingWhys, reasonWords } from '../../streams/index.ts'
import type { RouteDeps } from '../routes.ts'
import { array, integer, object, type PeriodQuery, periodOf, stream, string, time } from '../schemas.ts'
import { admitted } from '../while-connected.ts'

const MAX_PARTS = 2000
const MAX_EVENTS = 1000
const DAY_US = 86_400_000_000
const MAX_EVENTS_US = 31 * DAY_US
/** Of all streams at once. */
const MAX_ALL_EVENTS_US = 26 * 3_600_000_000

const counts = {
  expected: { type: 'integer', description: 'timestamps that the rate of their time asks for' },
  held: integer,
  never_produced: { type: 'integer', description: 'the device skipped them' },
  not_received: integer,
  lost: integer,
  pending: { type: 'integer', description: 'it is not known yet' },
} as const
const span = { from_us: integer, to_us: integer } as const
const byReason = { type: 'object', additionalProperties: integer } as const

/** What became of timestamps, and what was striking. */
export function addAccountRoutes(app: FastifyInstance, { historian, places }: RouteDeps): void {
  app.get(
    '/api/v1/accounts',
    {
      schema: {
        summary: 'What became of every timestamp of each stream.',
        response: {
          200: {
            type: 'object',
            additionalProperties: object({
              expected: integer,
              live: integer,
              late: integer,
              never_produced: integer,
              not_received: byReason,
              lost: byReason,
              pending: integer,
              outside: byReason,
              duplicates: integer,
              conflicts: integer,
            }),
          },
        },
      },
    },
    async (request, reply) => {
      return await admitted(places.quick, { request, reply }, () =>
        Object.fromEntries([...historian.accounts()].map(([topic, account]) => [topic, accountJson(account)])),
      )
    },
  )

  app.get<{ Querystring: PeriodQuery & { readonly stream: string; readonly parts: number } }>(
    '/api/v1/completeness',
    {
      schema: {
        summary: 'How much is held of a stream in a period and in each part of it, and why not all.',
        querystring: {
          type: 'object',
          required: ['stream', 'from', 'to'],
          additionalProperties: false,
          properties: {
            stream,
            from: time,
            to: time,
            parts: { type: 'integer', minimum: 1, maximum: MAX_PARTS, default: 1 },
          },
        },
        response: {
          200: object({
            stream: string,
            ...span,
            ...counts,
            reasons: object({ not_received: byReason, lost: byReason }),
            parts: array(object({ ...span, ...counts })),
            gaps: array(
              object({
                from_us: integer,
                to_us: { type: 'integer', description: 'exclusive' },
                frames: integer,
                why: { type: 'string', enum: missingWhys },
                reason: { type: ['string', 'null'], description: 'as the journals say it, for programs' },
                detail: { type: ['string', 'null'], description: 'the reason in words' },
              }),
            ),
            more_gaps: { type: 'integer', description: 'older ones, that are not listed' },
          }),
        },
      },
    },
    async (request, reply) => {
      const { stream: topic, parts, ...query } = request.query
      const period = periodOf(query)
      const found = await admitted(places.reading(period), { request, reply }, (signal) =>
        historian.completeness({ topic, parts, ...period }, signal),
      )
      const spanJson = ({ fromUs, toUs }: typeof period) => ({ from_us: fromUs, to_us: toUs })
      return {
        stream: topic,
        ...spanJson(period),
        ...countsJson(found),
        reasons: { not_received: found.reasons['not-received'], lost: found.reasons.lost },
        parts: found.parts.map((part) => ({ ...spanJson(part), ...countsJson(part) })),
        gaps: found.gaps.map(({ frames, why, reason, ...gap }) => ({
          ...spanJson(gap),
          frames,
          why,
          reason: reason === '' ? null : reason,
          detail: reason === '' ? null : reasonWords(reason),
        })),
        more_gaps: found.moreGaps,
      }
    },
  )

  app.get<{
    Querystring: PeriodQuery & { readonly stream?: string; readonly kind?: EventKind[]; readonly limit: number }
  }>(
    '/api/v1/events',
    {
      schema: {
        summary: 'What was striking in a period, of a stream or of all: the newest of it, by time.',
        querystring: {
          type: 'object',
          required: ['from', 'to'],
          additionalProperties: false,
          properties: {
            stream,
            from: time,
            to: time,
            kind: {
              type: 'array',
              items: { type: 'string', enum: eventKinds },
              minItems: 1,
              maxItems: eventKinds.length,
              description: 'only these; repeat it for several; all without it',
            },
            limit: { type: 'integer', minimum: 1, maximum: MAX_EVENTS, default: 200 },
          },
        },
        response: {
          200: object({
            events: array(
              object({
                time_us: integer,
                until_us: { type: ['integer', 'null'], description: 'exclusive; null: it is a moment' },
                stream: string,
                kind: { type: 'string', enum: eventKinds },
                what: string,
                detail: string,
              }),
            ),
            more: { type: 'boolean', description: 'there are older ones' },
          }),
        },
      },
    },
    async (request, reply) => {
      const { stream: topic, kind: kinds, limit, ...query } = request.query
      const period = topic
        ? periodOf(query, MAX_EVENTS_US, '31 days are the most')
        : periodOf(query, MAX_ALL_EVENTS_US, 'without a stream, 26 hours are the most')
      // Of all streams it is much, however short.
      const place = places.reading(period, topic === undefined)
      const { events, more } = await admitted(place, { request, reply }, (signal) =>
        historian.events({ ...(topic !== undefined && { topic }), ...(kinds && { kinds }), limit, ...period }, signal),
      )
      return {
        events: events.map(({ timeUs, untilUs, topic: of, kind, what, detail }) => ({
          time_us: timeUs,
          until_us: untilUs,
          stream: of,
          kind,
          what,
          detail,
        })),
        more,
      }
    },
  )
}

function countsJson({ expected, held, missing }: Counts) {
  return {
    expected,
    held,
    never_produced: missing['never-produced'],
    not_received: missing['not-received'],
    lost: missing.lost,
    pending: missing.pending,
  }
}
