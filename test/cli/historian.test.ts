import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import { type RunningCli, runCli, startCli, startGridCli } from '../support/cli.ts'
import { until } from '../support/until.ts'

const topic = 'area/secondary-station/1156/PMU/765'

describe('phasorbus query and export', () => {
  let folder: string
  let url: string
  let running: RunningCli
  const stop = new AbortController()
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'phasorbus-historian-cli-'))
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    running = await startGridCli(
      join(folder, 'grid.yaml'),
      {
        area: 'area',
        broker: { embedded: { listen: [] } },
        state: join(folder, 'state'),
        sites: [
          { location: 'secondary-station/1156', pmus: [{ id: 765, idcode: 765, source: 'simulated:1' }] },
          { location: 'control-center/1', historians: [{ api: { listen: `127.0.0.1:${port}` } }] },
        ],
      },
      stop.signal,
    )
    await until(async () => (await stored()) > 100)
  })
  afterAll(async () => {
    stop.abort()
    await running?.ended
    await rm(folder, { recursive: true, force: true })
  })
  const stored = async (): Promise<number> => {
    const accounts = (await (await fetch(`${url}/api/v1/accounts`)).json()) as Record<string, { live: number }>
    return accounts[topic]?.live ?? 0
  }

  it('list streams and channels, and give values', async () => {
    expect((await runCli(['query', '--url', url])).stdout).toMatch(new RegExp(`^${topic} {2}\\d+ channels\n$`))
    const { stdout: channels } = await runCli(['query', topic, '--url', url])
    expect(channels).toMatch(/^1\.stat\n1\.\S+\.magnitude {2}V\n1\.\S+\.angle {2}rad\n/)
    const { stdout: csv } = await runCli([
      'query',
      topic,
      '1.freq',
      '1.dfreq',
      '--from',
      '1m',
      '--points',
      '10000',
      '--url',
      url,
    ])
    const [head, first] = csv.split('\n')
    expect(head).toBe('time,1.freq Hz,1.dfreq Hz/s')
    expect(first).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z,(49|50)\.\d+,-?\d/)
    const { stdout: json } = await runCli(['query', topic, '1.freq', '--from', '1m', '--json', '--url', url])
    expect(JSON.parse(json)).toMatchObject({ series: [{ channel: '1.freq', unit: 'Hz' }] })
  })

  it('say where values are the least and the greatest of parts', async () => {
    const ask = ['query', topic, '1.freq', '--from', '10s', '--url', url]
    const few = await runCli([...ask, '--points', '20'])
    expect(few.stderr).toBe(
      'least and greatest of each part: 1000 ms long; --points more, or a shorter period, gives every value\n',
    )
    expect(few.stdout.trimEnd().split('\n').length).toBeLessThanOrEqual(21)
    const json = await runCli([...ask, '--points', '20', '--json'])
    expect([JSON.parse(json.stdout).raw, json.stderr]).toEqual([false, ''])
    const all = await runCli([...ask, '--points', '1000'])
    expect(all.stderr).toBe('')
    expect(JSON.parse((await runCli([...ask, '--points', '1000', '--json'])).stdout).raw).toBe(true)
  })

  it('say how complete a time is', async () => {
    const ask = ['query', topic, '--completeness', '--from', '1m', '--parts', '3', '--url', url]
    const { stdout } = await runCli(ask)
    expect(stdout).toMatch(new RegExp(`^${topic} {2}\\S+Z to \\S+Z\n[\\d.]+ % held: \\d+ of \\d+ timestamps\n`))
    expect(stdout.split('\n').filter((line) => /^\d{4}-.* %/.test(line)).length).toBeGreaterThan(0)
    const { stdout: json } = await runCli([...ask, '--json'])
    const found = JSON.parse(json)
    expect(found).toMatchObject({ stream: topic, gaps: expect.any(Array), more_gaps: 0 })
    expect(found.expected).toBeGreaterThan(50)
    expect(found.held).toBeGreaterThan(50)
    const grid = (await (await fetch(`${url}/api/v1/grid`)).json()) as { network: { buses: []; branches: [] } }
    expect(grid).toMatchObject({
      area: 'area',
      sites: [
        { site: 'secondary-station/1156', pmus: [{ topic, idcode: 765, simulated: true, bus: '1' }] },
        { site: 'control-center/1', historians: [{ id: 'historian-1' }] },
      ],
    })
    expect(grid.network.buses.length).toBe(33)
    expect(grid.network.branches.length).toBe(37)
    expect(JSON.stringify(grid)).not.toContain(folder)
  })

  it('write frames that any C37.118 tool reads, and rows', async () => {
    const to = new Date(Date.now() - 500).toISOString().slice(0, 19)
    const period = ['--from', '1m', '--to', to, '--url', url]
    const frames = join(folder, 'pmu.c37')
    const { exitCode, stderr } = await runCli(['export', topic, ...period, '-o', frames])
    expect([exitCode, stderr]).toEqual([0, expect.stringMatching(/pmu\.c37: [\d,]+ data frames/)])
    const count = Number(/: ([\d,]+) data/.exec(stderr)![1]!.replace(',', ''))
    const { stdout: summary } = await runCli(['decode', '--summary', frames])
    expect(summary).toContain('765')
    const { stdout: played } = await runCli(['replay', '--port', '0', '--speed', '10000', '--json', frames])
    expect(JSON.parse(played)).toMatchObject({ streams: [{ idcode: 765 }], rounds: 1 })
    const again = await runCli(['export', topic, ...period, '-o', frames])
    expect([again.exitCode, again.stderr]).toEqual([
      1,
      `phasorbus: ${frames} is there already\n  choose another file, or replace it with --force\n`,
    ])
    expect(await runCli(['export', topic, ...period, '-o', frames, '--force'])).toMatchObject({ exitCode: 0, stderr })
    const nowhere = await runCli(['export', topic, ...period, '-o', join(folder, 'no', 'pmu.c37')])
    expect([nowhere.exitCode, nowhere.stderr]).toEqual([
      1,
      expect.stringContaining(`no folder ${join(folder, 'no')}\n`),
    ])
    const rows = join(folder, 'pmu.csv')
    await runCli(['export', topic, ...period, '--format', 'csv', '-o', rows])
    const lines = (await readFile(rows, 'utf8')).trimEnd().split('\n')
    expect(lines[0]).toMatch(/^time,1\.stat,/)
    expect(Math.abs(lines.length - 1 - count)).toBeLessThan(200)
    expect(lines[1]).toMatch(/^\d{4}-/)
  })

  const minute = () => ['--from', '1m', '--to', new Date(Date.now() - 500).toISOString().slice(0, 19), '--url', url]

  it('write COMTRADE and Parquet', async () => {
    const event = join(folder, 'event.cfg')
    const { stderr } = await runCli(['export', topic, ...minute(), '--format', 'comtrade', '-o', event])
    expect(stderr).toMatch(/event\.cfg: [\d,]+ data frames/)
    const lines = (await readFile(event, 'utf8')).split('\r\n')
    expect(lines[0]).toMatch(/,765,2013$/)
    expect(lines).toContain('BINARY32')
    expect((await readFile(join(folder, 'event.dat'))).length).toBeGreaterThan(1000)

    const table = join(folder, 'pmu.parquet')
    const parquet = await runCli(['export', topic, ...minute(), '--format', 'parquet', '-o', table])
    expect(parquet.stderr).toMatch(/pmu\.parquet: [\d,]+ data frames/)
    expect((await readFile(table)).subarray(0, 4).toString()).toBe('PAR1')
    expect((await readdir(folder)).filter((name) => name.includes('.part'))).toEqual([])
  })

  it('need no DuckDB but for Parquet', async () => {
    const hooks = join(folder, 'hooks.mjs')
    const missing = "if (name.startsWith('@duckdb')) throw new Error('not installed')"
    await writeFile(hooks, `export const resolve = (name, context, next) => { ${missing}; return next(name, context) }`)
    const preload = join(folder, 'preload.mjs')
    await writeFile(
      preload,
      `import { register } from 'node:module'; register(${JSON.stringify(pathToFileURL(hooks))})`,
    )
    const env = { NODE_OPTIONS: `--import ${preload}` }
    for (const format of ['csv', 'c37118', 'comtrade']) {
      const args = ['export', topic, ...minute(), '--format', format, '-o', join(folder, `plain.${format}`)]
      expect(await runCli(args, { env })).toMatchObject({ exitCode: 0 })
    }
    const args = ['export', topic, ...minute(), '--format', 'parquet', '-o', join(folder, 'plain.parquet')]
    expect(await runCli(args, { env })).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('needs DuckDB, which is not installed: npm install @duckdb/node-api'),
    })
  })

  it('say what is wrong', async () => {
    const unknown = await runCli(['query', 'area/x/1/PMU/1', '--url', url])
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      1,
      expect.stringContaining('nothing is stored of area/x/1/PMU/1'),
    ])
    const nobody = await runCli(['query', '--url', `http://127.0.0.1:${await freePort()}`])
    expect([nobody.exitCode, nobody.stderr]).toEqual([1, expect.stringContaining('does not answer')])
    const wrong = await runCli(['query', topic, '1.nothing', '--url', url])
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      1,
      `phasorbus: ${url} says no: ${topic} has no channel 1.nothing\n  \`phasorbus query ${topic}\` lists them\n`,
    ])
  })

  it('goes on with an export that was interrupted', async () => {
    const file = join(folder, 'slow.c37')
    const args = ['export', topic, '--from', '2h', '-o', file, '--url', url]
    const first = startCli(args, { signal: stop.signal })
    first.child.kill('SIGINT')
    await first.ended
    const { exitCode } = await runCli(args)
    expect(exitCode).toBe(0)
    expect((await readFile(file)).length).toBeGreaterThan(1000)
  })
})
