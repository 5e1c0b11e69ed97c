/** The last message of an answer: what the parts add up to, and what is absent; or why there is none. */
import { type AbsentRange, absentVerdicts } from './absent.ts'
import { cursorOf, integerOf, type RawObject, readObject, replayInvalid, timeOf } from './replay-json.ts'
import { MAX_ABSENT_RANGES, MAX_END_BYTES, MAX_REPLY_PARTS } from './replay-limits.ts'
import { CONTRACT } from './stream-state.ts'
import { isTopicLevel } from './topic.ts'

/** Why a request is not answered. */
export const replayRefusals = ['bad-contract', 'bad-request', 'bad-cursor', 'unknown-stream', 'busy', 'failed'] as const
export type ReplayRefusal = (typeof replayRefusals)[number]

export interface ReplayEnd {
  readonly stream: string
  /** Messages, their bytes, and the frames in them, configurations included. */
  readonly parts: number
  readonly bytes: number
  readonly frames: number
  /** Ask again with it; `undefined`: the range is complete as far as `throughUs`. */
  readonly cursor: string | undefined
  /** What comes at or after this is not known yet: ask again, from there. */
  readonly throughUs: number
  /** Only without a cursor. In order of time, none overlapping. */
  readonly absent: readonly AbsentRange[]
}

export interface ReplayRefused {
  /** Usually a {@link ReplayRefusal}; a later version may have more. */
  readonly refused: string
  readonly message: string
}

/*
  end    => { contract, stream, parts, bytes, frames, cursor, through_us, absent }
    absent => [{ from_us, to_us, verdict, reason? }]
  or     => { contract, error: { code, message } }
*/
export function encodeReplayEnd(end: ReplayEnd): Uint8Array {
  const absent = end.absent.map(({ fromUs, toUs, verdict, reason }) => ({
    from_us: fromUs,
    to_us: toUs,
    verdict,
    reason: reason === undefined ? undefined : asLevel(reason),
  }))
  const { stream, parts, bytes, frames, throughUs } = end
  const cursor = end.cursor ?? null
  return encode({ stream, parts, bytes, frames, cursor, through_us: throughUs, absent })
}

export const encodeReplayRefusal = (code: ReplayRefusal, message: string): Uint8Array =>
  encode({ error: { code, message: message.slice(0, 256) } })

/** The first of more ranges than an answer can say, and the time they reach to. */
export function boundAbsent(
  absent: readonly AbsentRange[],
  throughUs: number,
): { readonly absent: readonly AbsentRange[]; readonly throughUs: number } {
  if (absent.length <= MAX_ABSENT_RANGES) return { absent, throughUs }
  const first = absent.slice(0, MAX_ABSENT_RANGES)
  return { absent: first, throughUs: Math.min(throughUs, first.at(-1)!.toUs) }
}

/** Throws REPLAY_INVALID and nothing else. */
export function parseReplayEnd(payload: Uint8Array): ReplayEnd | ReplayRefused {
  const raw = readObject(payload, MAX_END_BYTES)
  if (raw.contract !== CONTRACT) throw replayInvalid(`contract is not ${CONTRACT}`)
  if (raw.error !== undefined) return refusedOf(raw.error)
  const { stream } = raw
  if (typeof stream !== 'string') throw replayInvalid('stream is no text')
  const cursor = (raw.cursor ?? undefined) === undefined ? undefined : cursorOf(raw.cursor)
  const absent = absentOf(raw.absent ?? [])
  if (cursor !== undefined && absent.length > 0) throw replayInvalid('absent before the range is complete')
  return {
    stream,
    parts: integerOf(raw, 'parts', 0, MAX_REPLY_PARTS),
    bytes: integerOf(raw, 'bytes', 0, Number.MAX_SAFE_INTEGER),
    frames: integerOf(raw, 'frames', 0, Number.MAX_SAFE_INTEGER),
    cursor,
    throughUs: timeOf(raw, 'through_us'),
    absent,
  }
}

function refusedOf(error: unknown): ReplayRefused {
  const { code, message } = asObject(error, 'error')
  if (typeof code !== 'string' || !isTopicLevel(code)) throw replayInvalid('error has no code')
  return { refused: code, message: typeof message === 'string' ? message.slice(0, 256) : '' }
}

function absentOf(list: unknown): readonly AbsentRange[] {
  if (!Array.isArray(list)) throw replayInvalid('absent is no list')
  if (list.length > MAX_ABSENT_RANGES)
    throw replayInvalid(`absent has ${list.length} entries, at most ${MAX_ABSENT_RANGES}`)
  let before = 0
  return list.map((entry) => {
    const range = rangeOf(asObject(entry, 'an entry of absent'))
    if (range.fromUs < before) throw replayInvalid('absent is not in order')
    before = range.toUs
    return range
  })
}

function rangeOf(raw: RawObject): AbsentRange {
  const [fromUs, toUs] = [timeOf(raw, 'from_us'), timeOf(raw, 'to_us')]
  if (fromUs >= toUs) throw replayInvalid('from_us is not before to_us')
  const verdict = absentVerdicts.find((known) => known === raw.verdict)
  if (!verdict) throw replayInvalid('verdict is none of the known')
  const { reason } = raw
  if (reason === undefined) return { fromUs, toUs, verdict }
  if (typeof reason !== 'string' || !isTopicLevel(reason)) throw replayInvalid('reason is no word')
  return { fromUs, toUs, verdict, reason }
}

const asObject = (value: unknown, what: string): RawObject => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as RawObject
  throw replayInvalid(`${what} is no object`)
}

/** A reason becomes a metric's label at the other end: one word. */
const asLevel = (reason: string): string => reason.replaceAll(/[^A-Za-z0-9_-]/g, '-').slice(0, 64) || 'unknown'

const encode = (fields: object): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ contract: CONTRACT, ...fields }))
