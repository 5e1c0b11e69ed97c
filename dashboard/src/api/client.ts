/** The historian's API, as pages ask it. */
import type { RangeAnswer, StoredStream } from '../../../src/api/answers.ts'
import { pause } from './pause.ts'

export type { RangeAnswer, StoredStream } from '../../../src/api/answers.ts'

export interface LiveAccess {
  /** Absent: there is no way to live data. */
  readonly url?: string
  readonly username?: string
  readonly password?: string
  readonly areas: readonly string[]
}

export interface ValuesQuery {
  readonly stream: string
  readonly channels: readonly string[]
  readonly fromUs: number
  readonly toUs: number
}

export interface RangeQuery extends ValuesQuery {
  readonly points: number
}

export class ApiFailure extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** There was no answer, or it broke off: the historian, or the way to it, is down. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('the historian does not answer', { cause })
  }
}

/** It may pass by itself: nobody answers, or a proxy whose historian is being restarted, or too many ask. */
export const isPassing = (error: unknown): boolean =>
  error instanceof Unreachable || (error instanceof ApiFailure && (error.status >= 500 || error.status === 429))

const TOKEN = 'phasorbus-token'
/** Too many ask at once: it is asked again so often, after so long. */
const BUSY_TIMES = 5
const BUSY_MS = 1000

/** Kept for this tab alone. */
export const token = {
  get: (): string | undefined => sessionStorage.getItem(TOKEN) ?? undefined,
  set: (value: string): void => sessionStorage.setItem(TOKEN, value),
}

/** Throws {@link ApiFailure}, of which 401 is a token that is missing or wrong; and {@link Unreachable}. */
export async function get<T>(
  path: string,
  query: Readonly<Record<string, string | readonly string[]>> = {},
  signal?: AbortSignal,
): Promise<T> {
  const answer = await request(path, query, signal)
  return (await reached(answer.json(), signal)) as T
}

/** Browsers tell only that something failed, each in its own words. */
async function reached<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (signal?.aborted) throw error
    throw new Unreachable(error)
  }
}

export async function request(
  path: string,
  query: Readonly<Record<string, string | readonly string[]>>,
  signal?: AbortSignal,
): Promise<Response> {
  const value = token.get()
  const ask = (): Promise<Response> =>
    reached(
      fetch(urlOf(path, query), {
        headers: value === undefined ? {} : { authorization: `Bearer ${value}` },
        ...(signal && { signal }),
      }),
      signal,
    )
  let answer = await ask()
  for (let times = 0; times < BUSY_TIMES && (answer.status === 429 || answer.status === 503); times++) {
    await pause(BUSY_MS, signal)
    answer = await ask()
  }
  if (answer.ok) return answer
  const { message = answer.statusText } = (await answer.json().catch(() => ({}))) as { readonly message?: string }
  throw new ApiFailure(answer.status, message)
}

export function urlOf(path: string, query: Readonly<Record<string, string | readonly string[]>>): string {
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) => [value].flat().map((each): [string, string] => [name, each])),
  )
  const text = search.toString()
  return `api/v1/${path}${text === '' ? '' : `?${text}`}`
}

export const getStreams = (signal?: AbortSignal): Promise<readonly StoredStream[]> => get('streams', {}, signal)

const valuesQuery = ({ stream, channels, fromUs, toUs }: ValuesQuery) => ({
  stream,
  channel: channels,
  from: `${Math.floor(fromUs)}`,
  to: `${Math.ceil(toUs)}`,
})

export const getRange = (query: RangeQuery, signal?: AbortSignal): Promise<RangeAnswer> =>
  get('range', { ...valuesQuery(query), points: `${query.points}` }, signal)

/** All values, a row for each time: of 26 hours and 64 channels at most. */
export const getCsv = async (query: ValuesQuery, signal?: AbortSignal): Promise<string> =>
  reached((await request('range', { ...valuesQuery(query), format: 'csv' }, signal)).text(), signal)
