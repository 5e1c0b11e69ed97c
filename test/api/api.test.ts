import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startApi, Tokens } from '../../src/api/index.ts'
import { RecoverySettings } from '../../src/config/recovery.ts'
import { Store, startHistorian } from '../../src/historian/index.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { JournaledStreams, site } from '../support/journaled-streams.ts'
import { configurationFrames } from '../support/stream-frames.ts'
import { until } from '../support/until.ts'

const listen = { host: '127.0.0.1', port: 0 }

/** A historian that has 200 frames of one PMU, and its API. */
async function apiOn(deps: TestDeps, tokens?: Tokens) {
  const path = await mkdtemp(join(tmpdir(), 'phasorbus-api-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  const line = await JournaledStreams.start(deps)
  const pmu = line.stream(1).carriedBy('one')
  const store = await Store.open(path, { memoryMiB: 256, threads: 1 })
  const historian = deps.stops(
    await startHistorian(
      {
        id: 'history',
        streams: [`${site}/PMU/#`],
        recovery: RecoverySettings.parse({}),
        sealAfterMs: 300_000,
        keepDays: {},
      },
      { ...deps, bus: line.bus('history'), store },
    ),
  )
  await historian.ready
  await until(() => store.topics.length === 1)
  pmu.live(0, 200)
  await until(() => historian.accounts().get(pmu.topic)?.live === 200)
  await historian.flush()
  const { url } = deps.stops(await startApi({ listen, ...(tokens && { tokens }) }, { ...deps, historian }))
  const get = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`${url}/api/v1/${path}`, { headers })
  const from = new Date(pmu.timeUs(0) / 1000).toISOString()
  const to = new Date(pmu.timeUs(200) / 1000).toISOString()
  return { pmu, url, get, period: `stream=${encodeURIComponent(pmu.topic)}&from=${from}&to=${to}` }
}

describe('the API', () => {
  it('says which streams there are, and gives their channels over a period', async () => {
    await using deps = testDeps()
    const { pmu, get, period } = await apiOn(deps)
    const [stream] = (await (await get('streams')).json()) as {
      stream: string
      channels: { id: string; unit: string }[]
    }[]
    expect(stream).toMatchObject({ stream: pmu.topic, configurations: 1 })
    expect(stream!.channels).toContainEqual({ id: '1.V0.magnitude', unit: 'V' })
    const all = await (await get(`range?${period}&channel=1.V0.magnitude&channel=1.freq&points=200`)).json()
    expect(all).toEqual({
      raw: true,
      series: [
        {
          channel: '1.V0.magnitude',
          unit: 'V',
          times_us: Array.from({ length: 200 }, (_, n) => pmu.timeUs(n)),
          values: Array.from({ length: 200 }, (_, n) => n),
        },
        expect.objectContaining({ channel: '1.freq', unit: 'Hz', values: Array(200).fill(50) }),
      ],
    })
    const few = (await (await get(`range?${period}&channel=1.V0.magnitude&points=20`)).json()) as {
      series: { values: number[] }[]
    }
    expect(few.series[0]!.values).toEqual(Array.from({ length: 10 }, (_, n) => [20 * n, 20 * n + 19]).flat())
  })

  it('gives frames as they came, after the configuration that describes them', async () => {
    await using deps = testDeps()
    const { pmu, get, period } = await apiOn(deps)
    const answer = await get(`frames?${period}`)
    expect(answer.headers.get('content-type')).toBe('application/octet-stream')
    const frames = Array.from({ length: 200 }, (_, n) => pmu.frame(n))
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(
      Buffer.concat([...configurationFrames(pmu.configuration), ...frames]),
    )
  })

  it('gives the newest values', async () => {
    await using deps = testDeps()
    const { pmu, get } = await apiOn(deps)
    const newest = { stream: pmu.topic, time_us: pmu.timeUs(199) }
    const [all] = (await (await get('latest')).json()) as { values: object[] }[]
    expect(all).toMatchObject(newest)
    expect(all!.values).toContainEqual({ channel: '1.V0.magnitude', unit: 'V', value: 199 })
    expect(await (await get(`latest?stream=${encodeURIComponent(pmu.topic)}`)).json()).toEqual([all])
    expect((await get('latest?stream=a/b/c/PMU/1')).status).toBe(404)
  })

  it('says what became of every timestamp, and describes itself', async () => {
    await using deps = testDeps()
    const { pmu, get } = await apiOn(deps)
    expect(await (await get('accounts')).json()).toMatchObject({ [pmu.topic]: { live: 200, pending: 0 } })
    const description = (await (await get('openapi.json')).json()) as { openapi: string; paths: object }
    expect(description.openapi).toBe('3.1.0')
    expect(Object.keys(description.paths).toSorted()).toEqual([
      '/api/v1/accounts',
      '/api/v1/frames',
      '/api/v1/health',
      '/api/v1/latest',
      '/api/v1/range',
      '/api/v1/streams',
    ])
    expect(await (await get('health')).json()).toEqual({ status: 'ok', streams: 1 })
  })

  it('says what is wrong with a request', async () => {
    await using deps = testDeps()
    const { pmu, get, period } = await apiOn(deps)
    const stream = encodeURIComponent(pmu.topic)
    const wrong: readonly (readonly [string, number, RegExp])[] = [
      [`range?${period}&channel=1.nothing`, 404, /no channel 1.nothing/],
      [`range?stream=a/b/c/PMU/9&from=0&to=1&channel=x`, 404, /nothing is stored of a\/b\/c\/PMU\/9/],
      [`range?stream=${stream}&from=yesterday&to=1&channel=1.freq`, 400, /from: `yesterday` is no time/],
      [`range?stream=${stream}&from=2&to=1&channel=1.freq`, 400, /from is not before to/],
      [`range?stream=${stream}&from=0&to=99999999999999&channel=1.freq`, 400, /a year is the most/],
      [`range?${period}&channel=1.freq&points=1000000`, 400, /points/],
      [`range?${period}`, 400, /channel/],
      [
        `range?${period}&${Array.from({ length: 20 }, () => 'channel=1.freq').join('&')}&points=20000`,
        400,
        /200000 values/,
      ],
      [`frames?stream=${stream}&from=0&to=99999999999999`, 400, /26 hours/],
      [`range?${period}&channel=1.freq&extra=1`, 400, /additional/],
      ['nothing', 404, /not found/i],
    ]
    for (const [path, status, message] of wrong) {
      const answer = await get(path)
      expect([path, answer.status]).toEqual([path, status])
      expect(((await answer.json()) as { message: string }).message).toMatch(message)
    }
  })

  it('answers those who have a token, where there are tokens', async () => {
    await using deps = testDeps()
    const { get } = await apiOn(deps, new Tokens('# control room\nsecret-one\n  secret-two # spare\n'))
    expect((await get('streams')).status).toBe(401)
    expect((await get('streams', { authorization: 'Bearer secret' })).status).toBe(401)
    expect((await get('streams', { authorization: 'Bearer #' })).status).toBe(401)
    expect((await get('streams', { authorization: 'bearer secret-two' })).status).toBe(200)
  })

  it('is no way in for a page of another origin, whose name points here', async () => {
    await using deps = testDeps()
    const { url } = await apiOn(deps)
    const { hostname, port } = new URL(url)
    const { request } = await import('node:http')
    const status = await new Promise((resolve, reject) => {
      request({ hostname, port, path: '/api/v1/streams', headers: { host: 'evil.example' } }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
        .on('error', reject)
        .end()
    })
    expect(status).toBe(403)
  })

  it('holds nothing of the requests that a connection has made', async () => {
    await using deps = testDeps()
    const { get, period } = await apiOn(deps)
    const warnings: Error[] = []
    const warned = (warning: Error): void => void warnings.push(warning)
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    for (let times = 0; times < 30; times++) await (await get(`frames?${period}`)).arrayBuffer()
    expect(warnings).toEqual([])
  })

  it('has places for exports again when their askers have gone, also of answers that waited behind others', async () => {
    await using deps = testDeps()
    const { url, period, get } = await apiOn(deps)
    const { hostname, port } = new URL(url)
    const request = `GET /api/v1/frames?${period} HTTP/1.1\r\nHost: localhost\r\n\r\n`
    for (let times = 0; times < 5; times++) {
      const socket = connect({ host: hostname, port: Number(port) })
      await once(socket, 'connect')
      socket.write(request.repeat(4))
      socket.pause()
      await once(socket, 'readable').catch(() => {})
      socket.destroy()
    }
    await until(async () => (await get(`frames?${period}`)).status === 200)
    expect((await fetch(`${url}/api/v1/frames?${period}`, { method: 'HEAD' })).status).toBe(404)
  })
})
