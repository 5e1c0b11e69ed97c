import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startMosquitto } from '../support/brokers.ts'
import { type RunningCli, runCli, startCli } from '../support/cli.ts'
import { metricSum } from '../support/metric-sum.ts'
import { needs } from '../support/needs.ts'
import { oddKeys } from '../support/snake-case.ts'
import { until } from '../support/until.ts'

const broker = needs('mosquitto')

/** A grid that needs nothing but itself; every port is the system's choice. */
const grid = `area: south-italy-113
broker: { embedded: { listen: ['mqtt://127.0.0.1:0'] } }
metrics: { listen: '127.0.0.1:0' }
sites:
  - location: secondary-station/1
    pmus:
      - { id: 1, idcode: 1, source: 'simulated:18' }
    pdcAdapters:
      - listen: tcp://127.0.0.1:0
  - location: secondary-station/2
    pmus:
      - { id: 2, idcode: 2, source: 'simulated:33' }
    pdcAdapters:
      - listen: tcp://127.0.0.1:0
`

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phasorbus-run-'))
  file = join(folder, 'grid.yaml')
  await writeFile(file, grid)
})
afterAll(() => rm(folder, { recursive: true }))

const started: RunningCli[] = []
afterEach(async () => {
  for (const cli of started.splice(0)) {
    cli.child.kill('SIGKILL')
    await cli.ended
  }
})

interface Ready {
  readonly pmus: number
  readonly brokers: readonly string[]
  readonly pdcAdapters: readonly { site: string; id: string; addresses: readonly { port: number }[] }[]
  readonly metrics: string
}

async function runGrid(args: readonly string[]): Promise<{ cli: RunningCli; ready: Ready }> {
  const cli = startCli(['run', ...args])
  started.push(cli)
  const [line] = await cli.sees(/^\{.*"msg":"ready"\}$/m, 'stderr')
  return { cli, ready: JSON.parse(line) }
}

/** A node `left` that reads from a broker that is not there. */
async function consumerGrid(area: string): Promise<string> {
  const path = join(folder, `${area}.yaml`)
  await writeFile(
    path,
    `area: ${area}
broker: mqtt://127.0.0.1:1
sites: [{ location: s/1, node: left, pdcAdapters: [{ listen: 'tcp://127.0.0.1:0' }] }]
`,
  )
  return path
}

describe('phasorbus run', () => {
  it('carries PMUs to PDCs, says when it is ready and where, and ends well on SIGTERM', async () => {
    const { cli, ready } = await runGrid([file])
    expect(ready).toMatchObject({ pmus: 2, brokers: [expect.stringMatching(/^mqtt:\/\/127\.0\.0\.1:\d+$/)] })

    const port = ready.pdcAdapters.find(({ site }) => site === 'secondary-station/2')?.addresses[0]?.port
    const pdc = await runCli(['connect', `tcp://127.0.0.1:${port}`, '--idcode', '2', '--for', '1s', '--json'])
    expect(JSON.parse(pdc.stdout)).toMatchObject({ frames: { lost: 0 }, chk_errors: 0, rate: { configured: 50 } })
    expect(pdc.exitCode).toBe(0)

    cli.child.kill('SIGTERM')
    expect(await cli.ended).toMatchObject({ exitCode: 0, signal: null, stdout: '' })
  })

  it('logs JSON only', async () => {
    const { cli } = await runGrid([file])
    cli.child.kill('SIGINT')
    const { stderr } = await cli.ended
    const levels = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).level)
    expect(new Set(levels)).toEqual(new Set(['info']))
  })

  it('serves metrics to Prometheus, and whether it lives', async () => {
    const { ready } = await runGrid([file])
    const metrics = await fetch(`${ready.metrics}/metrics`)
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(await metrics.text()).toMatch(
      /^phasorbus_link_online\{stream="south-italy-113\/secondary-station\/1\/PMU\/1"\} [01]$/m,
    )
    const health = await fetch(`${ready.metrics}/healthz`)
    expect(await health.json()).toMatchObject({ status: 'ok', brokers: [{ connected: true }, { connected: true }] })
    expect((await fetch(`${ready.metrics}/else`)).status).toBe(404)
    expect((await fetch(`${ready.metrics}/metrics`, { method: 'POST' })).status).toBe(405)
  })

  it.skipIf(broker.skip)(broker.title('keeps what is replayed off the connections of what is live'), async () => {
    await using mosquitto = await startMosquitto()
    const connected = join(folder, 'connected.yaml')
    await writeFile(
      connected,
      `area: e
broker: ${mosquitto.url}
metrics: { listen: '127.0.0.1:0' }
sites:
  - location: s/1
    pmus: [{ id: 1, idcode: 1, source: 'simulated:18' }]
    pdcAdapters:
      - { id: control, listen: tcp://127.0.0.1:0 }
      - { id: archive, listen: tcp://127.0.0.1:0 }
`,
    )
    const { ready } = await runGrid([connected])
    const served = { expose: async () => (await fetch(`${ready.metrics}/metrics`)).text() }
    const isOn = async (role: string): Promise<boolean> =>
      (await metricSum(served, 'phasorbus_bus_connected', { role })) === 1
    for (const role of ['node', 'replay', 'pull-control', 'pull-archive']) await until(() => isOn(role))
    expect(await metricSum(served, 'phasorbus_bus_connected')).toBe(4)
  })

  it("runs one site's share with --site", async () => {
    const { ready } = await runGrid([file, '--site', 'secondary-station/2'])
    expect(ready.pmus).toBe(1)
    expect(ready.pdcAdapters.map(({ site }) => site)).toEqual(['secondary-station/2'])
  })

  it('names the brokers elsewhere that it uses', async () => {
    const one = `area: a
broker: ['mqtt://127.0.0.1:1', 'mqtt://127.0.0.1:2']
sites: [{ location: s/1, pdcAdapters: [{ listen: 'tcp://127.0.0.1:0' }] }]
`
    const elsewhere = join(folder, 'elsewhere.yaml')
    await writeFile(elsewhere, one)
    const { ready } = await runGrid([elsewhere])
    expect(ready.brokers).toEqual(['mqtt://127.0.0.1:1', 'mqtt://127.0.0.1:2'])
  })

  it('is refused for a node that runs already, before it disturbs it', async () => {
    const consumer = await consumerGrid('a')
    const { cli } = await runGrid([consumer])
    const { exitCode, stderr } = await runCli(['run', consumer])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`node left of s/1 runs already: process ${cli.child.pid} uses `)
    expect(stderr).toContain('stop that process (it may be in another container), or give this node another `node`')
    expect(stderr).not.toContain('"broker"')

    cli.child.kill('SIGKILL')
    await cli.ended
    await runGrid([consumer])
  })

  it('ends when another process took its node over, as from one that stood still', async () => {
    const consumer = await consumerGrid('b')
    const { cli } = await runGrid([consumer])
    const lock = join(folder, 'phasorbus-state/b/s/1/left/node-1.lock')
    await writeFile(`${lock}.new`, '{}')
    await rename(`${lock}.new`, lock)
    const { exitCode, stderr } = await cli.ended
    expect(exitCode).toBe(1)
    expect(stderr).toContain('another process took over')
  })

  it('says what is wrong with a folder for its state that cannot be used', async () => {
    const consumer = join(folder, 'no-state.yaml')
    await writeFile(join(folder, 'in-the-way'), '')
    await writeFile(
      consumer,
      `area: c
state: in-the-way
broker: mqtt://127.0.0.1:1
sites: [{ location: s/1, pdcAdapters: [{ listen: 'tcp://127.0.0.1:0' }] }]
`,
    )
    const { exitCode, stderr } = await runCli(['run', consumer])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`cannot open ${join(folder, 'in-the-way')}`)
  })

  it('does not begin with a journal of another version, and says what to do with it', async () => {
    const producer = join(folder, 'another-version.yaml')
    const journal = join(folder, 'phasorbus-state/d/s/1/right/journal')
    await mkdir(journal, { recursive: true })
    await writeFile(join(journal, 'journal.version'), '{"journal":2}')
    await writeFile(
      producer,
      `area: d
broker: mqtt://127.0.0.1:1
sites: [{ location: s/1, node: right, pmus: [{ id: 1, idcode: 1, source: 'simulated:18' }] }]
`,
    )
    const { exitCode, stderr } = await runCli(['run', '--log-level', 'silent', producer])
    expect(exitCode).toBe(1)
    expect(stderr).toBe(
      `phasorbus: ${journal} is a journal of version 2; this program knows version 1\n  run the version that wrote it, or move the folder away: what it has cannot be replayed then\n`,
    )
    expect(await readFile(join(journal, 'journal.version'), 'utf8')).toBe('{"journal":2}')
  })

  it('reads the grid from standard input', async () => {
    const cli = startCli(['run', '-'])
    started.push(cli)
    cli.child.stdin.end(grid)
    await cli.sees(/"msg":"ready"/, 'stderr')
  })

  it('lets tap see what it publishes', async () => {
    const { ready } = await runGrid([file])
    const args = ['tap', 'south-italy-113/+/+/PMU/#', '--broker', ready.brokers[0]!, '--for', '2s', '--json']
    const { exitCode, stdout, stderr } = await runCli(args)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const objects = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(oddKeys(objects)).toEqual([])
    for (const id of [1, 2]) {
      const stream = `south-italy-113/secondary-station/${id}/PMU/${id}`
      const own = objects.filter((object) => object.stream === stream)
      const configured = own.findIndex(({ type }) => type === 'configuration')
      expect(own[configured]).toMatchObject({ idcode: id, data_rate: 50 })
      expect(own.findIndex(({ type }) => type === 'data')).toBeGreaterThan(configured)
      const last = own.findLast(({ type }) => type === 'data')
      expect(last.pmus[0].freq_hz).toBeCloseTo(50, 0)
      expect(last.pmus[0].phasors[0]).toMatchObject({ unit: 'V', angle_deg: expect.any(Number) })
      expect(own).toContainEqual({ type: 'state', stream, online: true, reason: null })
    }
  })
})

describe('a mistake', () => {
  it('in the file: every problem by line, nothing started, exit code 2', async () => {
    const { exitCode, stderr } = await runCli(['run', '-'], { stdin: grid.replaceAll('idcode', 'idocde') })
    expect(exitCode).toBe(2)
    expect(stderr).toBe(
      [
        'phasorbus: 2 mistakes in the configuration',
        '<stdin>:7:18: error: unknown key `idocde`; did you mean `idcode`?',
        '<stdin>:12:18: error: unknown key `idocde`; did you mean `idcode`?',
        '',
      ].join('\n'),
    )
  })

  it('in the name of a site: the one that was meant', async () => {
    const { exitCode, stderr } = await runCli(['run', file, '--site', 'secondary-staton/2'])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/has no site secondary-staton\/2\n {2}did you mean secondary-station\/2\?\n$/)
  })

  it.each([
    [
      'a PDC-adapter',
      '9:17: sites[0].pdcAdapters[0].listen[0]',
      (port: number) => grid.replace('tcp://127.0.0.1:0', `tcp://127.0.0.1:${port}`),
    ],
    ['the broker', '2:9: broker', (port: number) => grid.replace('mqtt://127.0.0.1:0', `mqtt://127.0.0.1:${port}`)],
    ['the metrics', '3:20: metrics.listen', (port: number) => grid.replace("'127.0.0.1:0'", `'127.0.0.1:${port}'`)],
    [
      'an API',
      '16:24: sites[1].historians[0].api.listen',
      (port: number) => `${grid}    historians:\n      - api: { listen: 127.0.0.1:${port} }\n`,
    ],
  ])('a port of %s that is taken: which, where, and what to do, exit code 1', async (_case, place, text) => {
    const taken = await listen()
    const { port } = taken.address() as { port: number }
    const { exitCode, stderr } = await runCli(['run', '--log-level', 'silent', '-'], { stdin: text(port) })
    taken.close()
    expect(exitCode).toBe(1)
    expect(stderr).toBe(
      `phasorbus: <stdin>:${place}: cannot listen on 127.0.0.1:${port}: another program uses this port\n  see which one with \`ss -lntup 'sport = :${port}'\`, or choose another port\n`,
    )
  })
})

async function listen(): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
