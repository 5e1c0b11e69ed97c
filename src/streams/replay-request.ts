/** The request of the replay contract: a range of one stream, asked of one node's journal. */
import { ContractError } from './contract-error.ts'
import { cursorOf, integerOf, type RawObject, readObject, replayInvalid, timeOf } from './replay-json.ts'
import { DEFAULT_ANSWER_BYTES, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES } from './replay-limits.ts'
import { MAX_SEQUENCE, type ReplyAddress } from './replay-topic.ts'
import { CONTRACT } from './stream-state.ts'
import { isTopicLevel } from './topic.ts'

/** A half-open range [fromUs, toUs), in microseconds since the UNIX epoch of the frames' own timestamps. */
export interface ReplayQuery {
  readonly fromUs: number
  readonly toUs: number
  /** Of the frames in the answer, configurations included. It has at least one data frame if there is any. */
  readonly maxBytes: number
  /** Of the answer before this one: go on there. */
  readonly cursor?: string
}

export interface ReplayRequest extends ReplayQuery, ReplyAddress {}

/*
  request => { contract, id, sequence, from_us, to_us, max_bytes?, cursor? }
*/
export function encodeReplayRequest(request: ReplayRequest): Uint8Array {
  const { id, sequence, fromUs, toUs, maxBytes, cursor } = request
  const payload = new TextEncoder().encode(
    JSON.stringify({ contract: CONTRACT, id, sequence, from_us: fromUs, to_us: toUs, max_bytes: maxBytes, cursor }),
  )
  parseReplayRequest(payload)
  return payload
}

/**
 * Throws REPLAY_INVALID and nothing else. Where id and sequence could be read,
 * its facts have the address to which the refusal goes.
 */
export function parseReplayRequest(payload: Uint8Array): ReplayRequest {
  const raw = readObject(payload, MAX_REQUEST_BYTES)
  const address = addressOf(raw)
  try {
    if (raw.contract !== CONTRACT) throw replayInvalid(`contract is not ${CONTRACT}`, { refusal: 'bad-contract' })
    return { ...address, ...queryOf(raw) }
  } catch (error) {
    if (!(error instanceof ContractError) || error.facts.code !== 'REPLAY_INVALID') throw error
    throw replayInvalid(error.facts.problem, { refusal: error.facts.refusal ?? 'bad-request', address })
  }
}

function addressOf(raw: RawObject): ReplyAddress {
  const { id } = raw
  if (typeof id !== 'string' || !isTopicLevel(id)) throw replayInvalid('id is not 1 to 64 of A-Z a-z 0-9 _ -')
  return { id, sequence: integerOf(raw, 'sequence', 0, MAX_SEQUENCE) }
}

function queryOf(raw: RawObject): ReplayQuery {
  const [fromUs, toUs] = [timeOf(raw, 'from_us'), timeOf(raw, 'to_us')]
  if (fromUs >= toUs) throw replayInvalid('from_us is not before to_us')
  const maxBytes =
    raw.max_bytes === undefined ? DEFAULT_ANSWER_BYTES : integerOf(raw, 'max_bytes', 1, Number.MAX_SAFE_INTEGER)
  const cursor = raw.cursor ?? undefined
  return {
    fromUs,
    toUs,
    maxBytes: Math.min(maxBytes, MAX_ANSWER_BYTES),
    ...(cursor === undefined ? {} : { cursor: cursorOf(cursor) }),
  }
}
