import { once } from 'node:events'
import { Agent, get as httpGet, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Tokens } from '../../src/api/index.ts'
import { testDeps } from '../support/deps.ts'
import { configurationFrames } from '../support/stream-frames.ts'
import { until } from '../support/until.ts'
import { apiOn, spanOf } from './api-on.ts'

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

  it('gives all values of a period as CSV, for whoever asks with a word or with Accept', async () => {
    await using deps = testDeps()
    const { pmu, get, period } = await apiOn(deps)
    const answer = await get(`range?${period}&channel=1.V0.magnitude&channel=1.stat&format=csv`)
    const rows = Array.from(
      { length: 200 },
      (_, n) => `${new Date(pmu.timeUs(n) / 1000).toISOString().replace('Z', '000Z')},${n},0\n`,
    )
    expect(await answer.text()).toBe(`time,1.V0.magnitude V,1.stat\n${rows.join('')}`)
    const other = await get(`range?${period}&channel=1.freq`, { accept: 'text/csv, */*;q=0.1' })
    expect(other.headers.get('content-type')).toMatch(/^text\/csv/)
    expect((await other.text()).split('\n').length).toBe(202)
    expect((await get(`range?${period}&channel=1.nothing&format=csv`)).status).toBe(404)
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
      '/api/v1/completeness',
      '/api/v1/configuration',
      '/api/v1/events',
      '/api/v1/frames',
      '/api/v1/grid',
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
      [`range?stream=${stream}&from=0&to=99999999999999&channel=1.freq&format=csv`, 400, /26 hours/],
      [`completeness?${period}&parts=100000`, 400, /parts/],
      [`completeness?stream=a/b/c/PMU/9&from=0&to=1`, 404, /nothing is stored/],
      [`events?from=1&to=2&kind=rumour`, 400, /kind/],
      [`events?from=1&to=1`, 400, /from is not before to/],
      [`events?from=0&to=9999999999999&limit=9`, 400, /26 hours/],
      [`configuration?stream=${stream}&at=never`, 400, /at: `never` is no time/],
      [`range?${period}&channel=1.freq&extra=1`, 400, /additional/],
      ['nothing', 404, /nothing answers GET here: \/api\/v1\/openapi\.json lists/],
    ]
    for (const [path, status, message] of wrong) {
      const answer = await get(path)
      expect([path, answer.status]).toEqual([path, status])
      expect(((await answer.json()) as { message: string }).message).toMatch(message)
    }
  })

  it('answers in its own shape what reaches no route; whoever looks with a browser, in words', async () => {
    await using deps = testDeps()
    const { url } = await apiOn(deps)
    const { hostname, port } = new URL(url)
    const said = async (request: string) => {
      const socket = connect({ host: hostname, port: Number(port) })
      socket.end(request)
      const text = Buffer.concat(await socket.toArray()).toString()
      const [head = '', body = ''] = text.split('\r\n\r\n')
      return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body }
    }
    const get = (path: string, method = 'GET') =>
      said(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    for (const [answer, status, error] of [
      [await get('/api/v1/range', 'POST'), 404, 'API_UNKNOWN_PATH'],
      [await get('/api/v2'), 404, 'API_UNKNOWN_PATH'],
      [await get('/api/v1/%zz'), 400, 'API_BAD_REQUEST'],
      [await said('what is this?\r\n\r\n'), 400, 'API_BAD_REQUEST'],
      [await said(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`), 431, 'API_BAD_REQUEST'],
    ] as const) {
      expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { error, message: expect.stringMatching(/ /) }])
      expect(answer.head).toContain('content-type: application/json')
    }
    const page = await get('/elsewhere')
    expect([page.status, page.body]).toEqual([404, 'nothing is here\n'])
    expect(page.head).toContain('content-type: text/plain')
  })

  it('answers those who have a token, where there are tokens', async () => {
    await using deps = testDeps()
    const { get } = await apiOn(deps, { tokens: new Tokens('# control room\nsecret-one\n  secret-two # spare\n') })
    expect((await get('streams')).status).toBe(401)
    expect((await get('streams', { authorization: 'Bearer secret' })).status).toBe(401)
    expect((await get('streams', { authorization: 'Bearer #' })).status).toBe(401)
    expect((await get('streams', { authorization: 'bearer secret-two' })).status).toBe(200)
  })

  it('has a loop of cheap requests wait, and goes on with it afterwards', async () => {
    await using deps = testDeps()
    const { get } = await apiOn(deps)
    const answers = await Promise.all(Array.from({ length: 120 }, () => get('health')))
    const refused = answers.filter(({ status }) => status === 429)
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(45)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]!.headers.get('retry-after')).toBe('1')
    await until(async () => (await get('health')).status === 200)
  })

  it('tells those who come by a proxy apart where it is listed, and takes no word for it from others', async () => {
    await using deps = testDeps()
    const statusesBy = async (proxies: readonly string[]) => {
      const { get, url } = await apiOn(deps, { proxies })
      const each = (n: number) => get('health', { 'x-forwarded-for': `10.0.0.1, 192.0.2.${n}` })
      const answers = await Promise.all(Array.from({ length: 120 }, (_, n) => each(n)))
      return { url, statuses: new Set(answers.map(({ status }) => status)) }
    }
    expect((await statusesBy(['192.0.2.0/24'])).statuses).toEqual(new Set([200, 429]))
    const { url, statuses } = await statusesBy(['127.0.0.0/8'])
    expect(statuses).toEqual(new Set([200]))
    const { hostname, port } = new URL(url)
    const to = { host: hostname, port: Number(port), localAddress: '127.0.0.2' }
    const open = Array.from({ length: 130 }, () => connect(to))
    onTestFinished(() => open.forEach((socket) => void socket.destroy()))
    await Promise.all(open.map((socket) => once(socket, 'connect')))
    const last = open.at(-1)!
    last.write('GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect(String((await once(last, 'data'))[0])).toContain('200 OK')
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

  it('exports to others while one asks for much and reads nothing', async () => {
    await using deps = testDeps()
    const { url, get, pmu, historian, stream } = await apiOn(deps, { phasors: 280, dataRate: 200 })
    pmu.live(200, 6000)
    await until(() => historian.accounts().get(pmu.topic)?.live === 6000)
    await historian.flush()
    const { hostname, port } = new URL(url)
    // Of some 7 MB: more than what sockets hold of it.
    const path = `/api/v1/frames?${stream}&${spanOf(pmu, 0, 6000)}`
    const slow = connect({ host: hostname, port: Number(port), localAddress: '127.0.0.2' }).pause()
    onTestFinished(() => void slow.destroy())
    await once(slow, 'connect')
    slow.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(6))
    const statusOfOneMore = () =>
      new Promise((resolve, reject) => {
        httpGet(`${url}${path}`, { localAddress: '127.0.0.2' }, (answer) => {
          answer.destroy()
          resolve(answer.statusCode)
        }).on('error', reject)
      })
    await until(async () => (await statusOfOneMore()) === 503)
    const answer = await get(`frames?${stream}&${spanOf(pmu, 0, 200)}`)
    expect([answer.status, (await answer.arrayBuffer()).byteLength > 200_000]).toEqual([200, true])
  })

  it('has connections for others when one address has as many as it may', async () => {
    await using deps = testDeps()
    const { url } = await apiOn(deps)
    const { hostname, port } = new URL(url)
    const open: Socket[] = []
    onTestFinished(() => open.forEach((socket) => void socket.destroy()))
    let refused = 0
    for (let n = 0; n < 300; n++) {
      const socket = connect({ host: hostname, port: Number(port), localAddress: '127.0.0.2' })
      open.push(socket.on('error', () => {}).on('close', () => refused++))
      await once(socket, 'connect')
    }
    await until(() => refused === 300 - 128)
    expect((await fetch(`${url}/api/v1/streams`)).status).toBe(200)
  })

  it('leaves nothing on a connection that is used again and again', async () => {
    await using deps = testDeps()
    const { url } = await apiOn(deps)
    const warnings: Error[] = []
    const note = (warning: Error): void => void warnings.push(warning)
    process.on('warning', note)
    onTestFinished(() => void process.off('warning', note))
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const ports = new Set<number | undefined>()
    for (let times = 0; times < 20; times++) {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        httpGet(`${url}/api/v1/accounts`, { agent }, resolve).on('error', reject)
      })
      ports.add(answer.socket.localPort)
      await answer.resume().toArray()
    }
    expect(ports.size).toBe(1)
    expect(warnings).toEqual([])
  })
})
