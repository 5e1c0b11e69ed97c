import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type DashboardConfig, startApi, Tokens } from '../../src/api/index.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { historianOn } from '../support/historian-on.ts'
import { JournaledStreams } from '../support/journaled-streams.ts'
import { until } from '../support/until.ts'

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-dashboard-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

interface Options {
  readonly tokens?: Tokens
  readonly proxies?: readonly string[]
  readonly live?: DashboardConfig['live']
}

/** An API over an empty store, with a page. */
async function dashboardOn(deps: TestDeps, options: Options = {}) {
  const folder = await temporary()
  await mkdir(join(folder, 'assets'))
  await writeFile(join(folder, 'index.html'), '<p>page')
  await writeFile(join(folder, 'assets', 'index-1.js'), 'code')
  const line = await JournaledStreams.start(deps)
  const historian = await historianOn(deps, line, await temporary())
  const { live, tokens, proxies = [] } = options
  const dashboard = { folder, areas: ['area'], ...(live && { live }) }
  const api = deps.stops(
    await startApi(
      { listen: { host: '127.0.0.1', port: 0 }, proxies, dashboard, ...(tokens && { tokens }) },
      { ...deps, historian },
    ),
  )
  return { url: api.url, get: (path: string, init: RequestInit = {}) => fetch(`${api.url}/${path}`, init) }
}

/** The path as it is, which fetch would tidy. */
const statusOf = (url: string, path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(url)
    request({ host: '127.0.0.1', port, path }, (answer) => {
      answer.resume()
      resolve(answer.statusCode!)
    })
      .on('error', reject)
      .end()
  })

describe('the dashboard', () => {
  it('is a page that loads nothing from elsewhere and stands in no frame; its assets never change', async () => {
    await using deps = testDeps()
    const { get } = await dashboardOn(deps)
    const page = await get('')
    expect([page.status, await page.text(), page.headers.get('cache-control')]).toEqual([200, '<p>page', 'no-cache'])
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self';.* frame-ancestors 'none'/,
    )
    expect(page.headers.get('content-security-policy')).toContain("connect-src 'self';")
    const code = await get('assets/index-1.js')
    expect([await code.text(), code.headers.get('cache-control')]).toEqual([
      'code',
      'public, max-age=31536000, immutable',
    ])
    expect((await get('assets/nothing.js')).status).toBe(404)
  })

  it('tells pages where the bus is', async () => {
    await using deps = testDeps()
    const none = await dashboardOn(deps)
    expect(await (await none.get('api/v1/live')).json()).toEqual({ areas: ['area'] })
    const here = await dashboardOn(deps, { live: { upgrade: (_request, socket) => void socket.destroy() } })
    expect(await (await here.get('api/v1/live')).json()).toEqual({ url: '/api/v1/live/mqtt', areas: ['area'] })
    const there = await dashboardOn(deps, { live: { url: 'wss://broker.example:8884/mqtt', username: 'onlooker' } })
    expect(await (await there.get('api/v1/live')).json()).toEqual({
      url: 'wss://broker.example:8884/mqtt',
      username: 'onlooker',
      areas: ['area'],
    })
    expect((await there.get('')).headers.get('content-security-policy')).toContain(
      "connect-src 'self' wss://broker.example:8884;",
    )
  })

  it('is for everybody where the API wants a token, and nothing of the API is, however its path is written', async () => {
    await using deps = testDeps()
    const { url, get } = await dashboardOn(deps, { tokens: new Tokens('secret') })
    expect((await get('')).status).toBe(200)
    expect((await get('assets/index-1.js')).status).toBe(200)
    for (const path of [
      '/api/v1/streams',
      '/%61pi/v1/streams',
      '//api/v1/streams',
      '/api/v1/live',
      '/x/../api/v1/streams',
      '/./api/v1/streams',
      '/API/v1/streams',
      '/api%2fv1%2fstreams',
    ])
      expect([path, [401, 403, 404]]).toEqual([path, expect.arrayContaining([await statusOf(url, path)])])
    expect(await statusOf(url, '/%61pi/v1/streams')).toBe(401)
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/assets/..%2f..%2fpackage.json', '/assets/%00'])
      expect([path, [400, 403, 404]]).toEqual([path, expect.arrayContaining([await statusOf(url, path)])])
    expect((await get('api/v1/live', { headers: { authorization: 'Bearer secret' } })).status).toBe(200)
  })

  it('ends what was refused to be upgraded, whoever keeps it open, and ends itself with all that is', async () => {
    const deps = testDeps()
    const { url } = await dashboardOn(deps, { live: { upgrade: () => {} } })
    const { port } = new URL(url)
    const open = async (path: string) => {
      const socket = connect({ host: '127.0.0.1', port: Number(port), allowHalfOpen: true })
      await once(socket, 'connect')
      socket.on('error', () => {})
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n`)
      return socket
    }
    const refused = await open('/nope')
    expect(String((await once(refused, 'data'))[0])).toMatch(/^HTTP\/1.1 404/)
    refused.resume()
    await until(async () => {
      refused.write('x')
      return refused.destroyed
    })
    const taken = await open('/api/v1/live/mqtt')
    await deps[Symbol.asyncDispose]()
    taken.destroy()
  })

  it.each([
    { of: 'one address than it takes requests', proxies: [], statuses: ['404', '429'] },
    { of: 'all behind a proxy than come', proxies: ['127.0.0.1'], statuses: ['404'] },
  ])('takes no more upgrades in a second of $of', async ({ proxies, statuses }) => {
    await using deps = testDeps()
    const { url } = await dashboardOn(deps, { proxies })
    const { port } = new URL(url)
    const answers = await Promise.all(
      Array.from({ length: 120 }, async () => {
        const socket = connect({ host: '127.0.0.1', port: Number(port) })
        socket.write(`GET /nope HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n`)
        const [answer] = await once(socket, 'data')
        socket.destroy()
        return String(answer).slice(9, 12)
      }),
    )
    expect(new Set(answers)).toEqual(new Set(statuses))
  })

  it('hands on upgrades at one path, and answers others', async () => {
    await using deps = testDeps()
    const seen: (string | undefined)[] = []
    const { url } = await dashboardOn(deps, {
      live: {
        upgrade(request, socket) {
          seen.push(request.url)
          socket.end('HTTP/1.1 418 Here\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
        },
      },
    })
    const upgraded = (path: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const { port } = new URL(url)
        request(
          { host: '127.0.0.1', port, path, headers: { connection: 'upgrade', upgrade: 'websocket' } },
          (answer) => {
            answer.resume()
            resolve(answer.statusCode!)
          },
        )
          .on('error', reject)
          .end()
      })
    expect(await upgraded('/api/v1/live/mqtt')).toBe(418)
    expect(await upgraded('/elsewhere')).toBe(404)
    expect(seen).toEqual(['/api/v1/live/mqtt'])
  })
})
