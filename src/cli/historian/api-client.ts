import { setTimeout } from 'node:timers/promises'
import type { CompletenessAnswer, RangeAnswer, StoredStream } from '../../api/index.ts'
import { failure } from '../cli-error.ts'

export interface ApiOptions {
  readonly url: string
  /** Without it, that of the environment: PHASORBUS_TOKEN. */
  readonly token?: string
}

/** It asked faster than an address may: it goes on when it is told to. */
const TOO_MANY_REQUESTS = 429

export const DEFAULT_URL = 'http://127.0.0.1:9470'

/** A historian's API. All calls throw CliError with what to do. */
export class ApiClient {
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>

  constructor({ url, token = process.env.PHASORBUS_TOKEN }: ApiOptions) {
    this.#url = url.replace(/\/+$/, '')
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  }

  async streams(signal?: AbortSignal): Promise<readonly StoredStream[]> {
    return (await (await this.#get('streams', {}, signal)).json()) as readonly StoredStream[]
  }

  /** The one of this topic. */
  async stream(topic: string, signal?: AbortSignal): Promise<StoredStream> {
    const found = (await this.streams(signal)).find(({ stream }) => stream === topic)
    if (found) return found
    throw failure(`nothing is stored of ${topic}`, '`phasorbus query` lists what is')
  }

  async range(
    query: {
      readonly stream: string
      readonly channels: readonly string[]
      readonly fromUs: number
      readonly toUs: number
      readonly points: number
    },
    signal?: AbortSignal,
  ): Promise<RangeAnswer> {
    const { stream, channels, fromUs, toUs, points } = query
    const answer = await this.#get(
      'range',
      { stream, channel: channels, from: `${fromUs}`, to: `${toUs}`, points: `${points}` },
      signal,
    )
    return (await answer.json()) as RangeAnswer
  }

  async completeness(
    query: { readonly stream: string; readonly fromUs: number; readonly toUs: number; readonly parts: number },
    signal?: AbortSignal,
  ): Promise<CompletenessAnswer> {
    const { stream, fromUs, toUs, parts } = query
    const answer = await this.#get(
      'completeness',
      { stream, from: `${fromUs}`, to: `${toUs}`, parts: `${parts}` },
      signal,
    )
    return (await answer.json()) as CompletenessAnswer
  }

  /** Frames of [fromUs, toUs), byte for byte. */
  async frames(
    { stream, fromUs, toUs }: { readonly stream: string; readonly fromUs: number; readonly toUs: number },
    signal?: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const answer = await this.#get('frames', { stream, from: `${fromUs}`, to: `${toUs}` }, signal)
    return answer.body!
  }

  async #get(
    path: string,
    query: Readonly<Record<string, string | readonly string[]>>,
    signal?: AbortSignal,
  ): Promise<Response> {
    const search = new URLSearchParams(
      Object.entries(query).flatMap(([name, value]) => [value].flat().map((each): [string, string] => [name, each])),
    )
    let answer: Response
    try {
      answer = await fetch(`${this.#url}/api/v1/${path}?${search}`, {
        headers: this.#headers,
        ...(signal && { signal }),
      })
    } catch (error) {
      if (signal?.aborted) throw error
      const { cause = error } = error as { readonly cause?: unknown }
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw failure(`${this.#url} does not answer: ${reason}`, 'give the `api` of a historian with --url')
    }
    if (answer.ok) return answer
    if (answer.status === TOO_MANY_REQUESTS) {
      await answer.body?.cancel()
      await setTimeout(1000 * Number(answer.headers.get('retry-after') ?? 1), undefined, signal && { signal })
      return this.#get(path, query, signal)
    }
    const said = (await answer.json().catch(() => ({}))) as { readonly error?: string; readonly message?: string }
    throw failure(
      `${this.#url} says no: ${said.message ?? answer.statusText}`,
      hintOf(answer.status, said.error, query),
    )
  }
}

function hintOf(
  status: number,
  code: string | undefined,
  { stream }: Readonly<Record<string, string | readonly string[]>>,
): string | undefined {
  if (status === 401) return 'give --token, or PHASORBUS_TOKEN'
  if (code === 'HISTORIAN_UNKNOWN_CHANNEL') return `\`phasorbus query ${stream}\` lists them`
  return code === 'HISTORIAN_UNKNOWN_STREAM' ? '`phasorbus query` lists what is stored' : undefined
}
