/** Fields of the replay contract's JSON, each with its bounds. */
import { ContractError, type ReplayProblem } from './contract-error.ts'
import { END_OF_TIME_US, MAX_CURSOR_LENGTH } from './replay-limits.ts'

export type RawObject = Readonly<Record<string, unknown>>

export function readObject(payload: Uint8Array, maxBytes: number): RawObject {
  if (payload.length > maxBytes) throw replayInvalid(`${payload.length} bytes, at most ${maxBytes}`)
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch (cause) {
    throw replayInvalid('no JSON', {}, { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw replayInvalid('no object')
  return value as RawObject
}

export function integerOf(raw: RawObject, name: string, minimum: number, maximum: number): number {
  const value = raw[name]
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum) return value
  throw replayInvalid(`${name} is no whole number from ${minimum} to ${maximum}`)
}

/** Microseconds since the UNIX epoch. */
export const timeOf = (raw: RawObject, name: string): number => integerOf(raw, name, 0, END_OF_TIME_US)

const printable = /^[\x21-\x7e]+$/

/** Opaque: only its length and its alphabet are judged. */
export function cursorOf(value: unknown): string {
  if (typeof value === 'string' && value.length <= MAX_CURSOR_LENGTH && printable.test(value)) return value
  throw replayInvalid(`cursor is no text of 1 to ${MAX_CURSOR_LENGTH} printable characters`)
}

export function replayInvalid(problem: string, more: ReplayProblem = {}, options?: ErrorOptions): ContractError {
  return new ContractError({ code: 'REPLAY_INVALID', problem, ...more }, problem, options)
}
