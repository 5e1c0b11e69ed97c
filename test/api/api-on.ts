import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type GridJson, startApi, type Tokens } from '../../src/api/index.ts'
import type { TestDeps } from '../support/deps.ts'
import { historianOn } from '../support/historian-on.ts'
import { JournaledStreams, type StreamOptions, type TestStream } from '../support/journaled-streams.ts'
import { until } from '../support/until.ts'
import { DescribedApi } from './described.ts'

const listen = { host: '127.0.0.1', port: 0 }

export interface ApiOptions extends StreamOptions {
  readonly tokens?: Tokens
  readonly proxies?: readonly string[]
  readonly grid?: GridJson
  /** Of the producers, where they live longer. */
  readonly lineDeps?: TestDeps
}

/** A historian of one PMU of which nothing came yet, and its API. */
export async function emptyApi(
  deps: TestDeps,
  { tokens, proxies, grid, lineDeps = deps, ...options }: ApiOptions = {},
) {
  const path = await mkdtemp(join(tmpdir(), 'phasorbus-api-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  const line = await JournaledStreams.start(lineDeps)
  const pmu = line.stream(1, options).carriedBy('one')
  const historian = await historianOn(deps, line, path)
  await until(() => historian.store.topics.length === 1)
  const { url } = deps.stops(
    await startApi(
      { listen, ...(tokens && { tokens }), ...(proxies && { proxies }) },
      { ...deps, historian, ...(grid && { grid }) },
    ),
  )
  return { line, pmu, url, historian, path, stream: `stream=${encodeURIComponent(pmu.topic)}` }
}

/** A historian that has 200 frames of one PMU, and its API: every answer is checked against its description. */
export async function apiOn(deps: TestDeps, options: ApiOptions = {}) {
  const { pmu, url, historian, stream } = await emptyApi(deps, options)
  pmu.live(0, 200)
  await until(() => historian.accounts().get(pmu.topic)?.live === 200)
  await historian.flush()
  return {
    pmu,
    url,
    historian,
    get: options.tokens ? plainGet(url) : await describedGet(url),
    stream,
    period: `${stream}&${spanOf(pmu, 0, 200)}`,
  }
}

export type Get = (path: string, headers?: Readonly<Record<string, string>>) => Promise<Response>

async function describedGet(url: string): Promise<Get> {
  const api = await DescribedApi.at(url)
  return (path, headers) => api.get(path, headers)
}

const plainGet =
  (url: string): Get =>
  (path, headers = {}) =>
    fetch(`${url}/api/v1/${path}`, { headers })

/** From the time of one frame to that of another. */
export const spanOf = (pmu: TestStream, from: number, to: number): string =>
  `from=${pmu.timeUs(from)}&to=${pmu.timeUs(to)}`
