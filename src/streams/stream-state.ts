/** The JSON documents of the contract: `S/state/{node-id}` and `…/NODE/{node-id}/state`. */
import { type ConsumerAccounts, parseConsumers } from './account-json.ts'
import { ContractError } from './contract-error.ts'
import { type PdcFigures, parsePdcFigures } from './pdc-figures.ts'
import { END_OF_TIME_US } from './replay-limits.ts'
import { isNodeTopic, meaningOf } from './topic.ts'

/** Version of the bus contract, in every JSON document it defines. */
export const CONTRACT = 1

/** Retained on `S/state/{node-id}`: a stream as one of its nodes has it. */
export interface StreamState {
  readonly contract: typeof CONTRACT
  readonly online: boolean
  /** Why it is offline; absent while online. */
  readonly reason?: string
  /** Frames per second by DATA_RATE; `null` until a configuration is known. */
  readonly rate: number | null
  /** Topic of the node that says so. */
  readonly node: string
  /** What that node's journal holds, as first and last time; `null` without a journal. */
  readonly journal: StreamSpan | null
  /** Of a PDC's stream. */
  readonly pdc?: PdcFigures
}

export interface StreamSpan {
  readonly from: string
  readonly to: string
  /** A PDC's: what it has said anew, more completely. */
  readonly revised?: RevisedFrames
}

/** Frames that complete earlier ones of the same timestamps. */
export interface RevisedFrames {
  /** Name under which the same journal replays them; nothing is ever live on it. */
  readonly stream: string
  /** The latest, oldest first. */
  readonly ranges: readonly RevisedRange[]
}

/** [from, to) in µs since the UNIX epoch; numbers grow. */
export interface RevisedRange {
  readonly number: number
  readonly from_us: number
  readonly to_us: number
}

/** Ranges that a state tells of: who missed more asks for the whole time that it missed. */
export const MAX_REVISED = 64

/** Retained on `…/NODE/{node-id}/state`; the offline one is the connection's MQTT will. */
export interface NodeState {
  readonly contract: typeof CONTRACT
  readonly online: boolean
  readonly reason?: string
  /** UTC, ISO 8601: when this process connected. */
  readonly since: string
  /** The brokers it uses, without credentials. */
  readonly brokers: readonly string[]
  /** Stream topics this process publishes, so that its next run can retire those it no longer has. */
  readonly streams: readonly string[]
  /** What its consumers make of each timestamp: by consumer, then by stream. Not in the will. */
  readonly consumers?: ConsumerAccounts
}

const MAX_JSON_BYTES = 4 * 1024 * 1024

export const encodeState = (state: StreamState | NodeState): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(state))

export function parseStreamState(payload: Uint8Array): StreamState {
  const raw = parseObject(payload)
  const { online, reason } = common(raw)
  const rate = raw.rate ?? null
  if (rate !== null && !(typeof rate === 'number' && Number.isFinite(rate) && rate > 0)) {
    throw invalid('rate is neither null nor a positive number')
  }
  const { node, journal = null } = raw
  if (typeof node !== 'string' || !isNodeTopic(node)) throw invalid('node is no topic of a node')
  return {
    contract: CONTRACT,
    online,
    ...(reason === undefined ? {} : { reason }),
    rate,
    node,
    journal: journal === null ? null : span(journal, node),
    ...(raw.pdc !== undefined && { pdc: parsePdcFigures(raw.pdc) }),
  }
}

export function parseNodeState(payload: Uint8Array): NodeState {
  const raw = parseObject(payload)
  const { online, reason } = common(raw)
  const since = raw.since
  if (typeof since !== 'string') throw invalid('since is no string')
  return {
    contract: CONTRACT,
    online,
    ...(reason === undefined ? {} : { reason }),
    since,
    brokers: strings(raw, 'brokers'),
    streams: strings(raw, 'streams'),
    ...(raw.consumers === undefined ? {} : { consumers: parseConsumers(raw.consumers) }),
  }
}

type Raw = Readonly<Record<string, unknown>>

function parseObject(payload: Uint8Array): Raw {
  if (payload.length > MAX_JSON_BYTES) throw invalid(`${payload.length} bytes`)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch (error) {
    throw new ContractError({ code: 'STATE_INVALID', problem: 'no JSON' }, 'state is no JSON', { cause: error })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('no object')
  return value as Raw
}

/** Fields a later contract adds are let pass; another contract number is not. */
function common(raw: Raw): { online: boolean; reason: string | undefined } {
  const { contract, online, reason } = raw as { contract?: unknown; online?: unknown; reason?: unknown }
  if (contract !== CONTRACT)
    throw invalid(`contract ${typeof contract === 'number' ? contract : 'of no number'}, this is ${CONTRACT}`)
  if (typeof online !== 'boolean') throw invalid('online is no boolean')
  if (reason !== undefined && typeof reason !== 'string') throw invalid('reason is no string')
  return { online, reason }
}

function strings(raw: Raw, name: string): readonly string[] {
  const value = raw[name] ?? []
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw invalid(`${name} is no list of strings`)
  return value
}

function span(value: unknown, node: string): StreamSpan {
  const { from, to, revised } = asObject(value)
  if (typeof from !== 'string' || typeof to !== 'string') throw invalid('journal has no from and to')
  return { from, to, ...(revised !== undefined && { revised: revisedFrames(revised, node) }) }
}

/** A node answers for its own site only. */
function revisedFrames(value: unknown, node: string): RevisedFrames {
  const { stream, ranges } = asObject(value)
  if (typeof stream !== 'string' || meaningOf(stream)?.kind !== 'frames') throw invalid('revised names no stream')
  if (siteOf(stream) !== siteOf(node)) throw invalid('revised names a stream of another site')
  if (!Array.isArray(ranges)) throw invalid('revised has no ranges')
  return { stream, ranges: ranges.slice(-MAX_REVISED).map(revisedRange) }
}

function revisedRange(value: unknown): RevisedRange {
  const { number, from_us, to_us } = asObject(value) as { number?: unknown; from_us?: unknown; to_us?: unknown }
  const isRange =
    [number, from_us, to_us].every((one) => Number.isSafeInteger(one) && Number(one) >= 0) &&
    Number(from_us) < Number(to_us) &&
    Number(to_us) <= END_OF_TIME_US
  if (!isRange) throw invalid('a revised range has no number, from_us and to_us')
  return { number: Number(number), from_us: Number(from_us), to_us: Number(to_us) }
}

/** Area, location type and location id. */
const siteOf = (topic: string): string => topic.split('/', 3).join('/')

const asObject = (value: unknown): Raw => (typeof value === 'object' && value !== null ? (value as Raw) : {})

function invalid(problem: string): ContractError {
  return new ContractError({ code: 'STATE_INVALID', problem }, problem)
}
