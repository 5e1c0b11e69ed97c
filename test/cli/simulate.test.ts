import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileDecoder, type DataDecoder, decodeConfiguration, decodeStat } from '../../src/c37118/index.ts'
import { SourceConfig, startSource } from '../../src/link/index.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { runCli, startCli } from '../support/cli.ts'
import { oddKeys } from '../support/snake-case.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phasorbus-simulate-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Resolves with the first STAT of a PMU that `wanted` likes. */
function firstStat(port: number, idcode: number, wanted: (stat: number) => boolean): Promise<number> {
  return new Promise((resolve) => {
    const stop = new AbortController()
    let decoder: DataDecoder | undefined
    startSource(SourceConfig.parse({ transport: `tcp://127.0.0.1:${port}`, idcode }), {
      signal: stop.signal,
      log: silentLog,
      metrics: createMetrics(),
      sink: {
        configuration(fragments) {
          decoder = compileDecoder(decodeConfiguration(fragments))
        },
        data(frame) {
          const { stat } = decoder!.decode(frame).pmus[0]!
          if (!wanted(stat)) return
          stop.abort()
          resolve(stat)
        },
        header() {},
        online() {},
        offline() {},
      },
    })
  })
}

describe('phasorbus simulate', () => {
  it('ends by itself and says what it made', async () => {
    const { exitCode, stdout } = await runCli(
      ['simulate', '--pmus', '7', '--port', '0', '--rate', '10,120', '--format', 'mixed', '--for', '2s', '--json'],
      { stdin: 'load-step bus=18 kw=100\n' },
    )
    expect(exitCode).toBe(0)
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ skipped_frames: 0 })
    expect(oddKeys(report)).toEqual([])
    expect(report.pmus).toHaveLength(7)
    expect(report.pmus[1]).toMatchObject({ idcode: 2, bus: 18, rate: 120, station_name: 'BUS 18 PMU 2' })
    expect(report.frames).toBeGreaterThan(200)
  })

  it('serves its PMUs, does what is typed, and stops on a signal', async () => {
    const cli = startCli(['simulate', '--pmus', '2', '--port', '0', '--buses', '1,18'])
    const [, port] = await cli.sees(/BUS 18 PMU 2 .*tcp:\/\/127\.0\.0\.1:(\d+)/)
    await firstStat(Number(port), 2, (stat) => decodeStat(stat).synchronised)

    cli.child.stdin.write('time-sync-loss pmu=2\n')
    await cli.sees(/at \d+\.\d+ s: time-sync-loss pmu=2/, 'stderr')
    expect(decodeStat(await firstStat(Number(port), 2, (stat) => !decodeStat(stat).synchronised)).timeQuality).toBe(3)

    cli.child.stdin.write('end\n')
    await firstStat(Number(port), 2, (stat) => decodeStat(stat).synchronised)
    cli.child.stdin.write('help island\nlode-step\n')
    await cli.sees(/branch= .*6-26/, 'stderr')
    await cli.sees(/did you mean load-step/, 'stderr')

    cli.child.kill('SIGTERM')
    expect(await cli.ended).toMatchObject({ exitCode: 0, signal: null })
  })

  it('stops when it is told to quit', async () => {
    const cli = startCli(['simulate', '--pmus', '1', '--port', '0'])
    await cli.sees(/tcp:/)
    cli.child.stdin.write('quit\n')
    expect(await cli.ended).toMatchObject({ exitCode: 0 })
  })

  it('runs a script', async () => {
    await writeFile(join(folder, 'storm.yaml'), '- { kind: time-sync-loss, pmu: 1, at: 0.5, durationS: 600 }\n')
    const cli = startCli(['simulate', '--pmus', '1', '--port', '0', '--script', 'storm.yaml'], { cwd: folder })
    const [, port] = await cli.sees(/tcp:\/\/127\.0\.0\.1:(\d+)/)
    expect(await firstStat(Number(port), 1, (stat) => !decodeStat(stat).synchronised)).toBeGreaterThan(0)
    cli.child.kill('SIGINT')
    expect(await cli.ended).toMatchObject({ exitCode: 0 })
  })

  it('names every mistake of a script by line, and ends with 2', async () => {
    await writeFile(
      join(folder, 'bad.yaml'),
      '- { kind: load-step, bus: 18, kw: 1 }\n- { kind: voltage-sag, depth: 3 }\n- { kind: load-step, buss: 1, kw: 1 }\n',
    )
    const { exitCode, stderr } = await runCli(['simulate', '--port', '0', '--script', 'bad.yaml'], { cwd: folder })
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/bad\.yaml:2:\d+: error: .*depth/)
    expect(stderr).toMatch(/bad\.yaml:3:\d+: error: unknown key `buss`; did you mean `bus`\?/)
  })

  it.each([
    [['--event', 'load-step bus=99 kw=1'], /no bus 99/],
    [['--event', 'island branch=9-15'], /9-15/],
    [['--event', 'nonsense'], /no event is called nonsense/],
    [['--script', 'nowhere.yaml'], /cannot open nowhere\.yaml: there is no such file/],
    [['--rate', '121'], /1 to 120/],
    [['--format', 'octal'], /octal/],
    [['--port', '65535', '--pmus', '2'], /above 65535/],
    [['--udp', 'somewhere'], /--udp.*somewhere.* no IP address/],
    [['--idcode', '65534', '--pmus', '2'], /65534/],
  ])('refuses %j with exit code 2 and what is wrong', async (args, problem) => {
    const { exitCode, stdout, stderr } = await runCli(['simulate', ...args])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(problem)
    expect(stderr).not.toMatch(/^ +at /m)
  })

  it('ends with 1 when its port is taken', async () => {
    const first = startCli(['simulate', '--pmus', '1', '--port', '0', '--no-input'])
    const [, port] = await first.sees(/tcp:\/\/127\.0\.0\.1:(\d+)/)
    const second = await runCli(['simulate', '--pmus', '1', '--port', port!])
    expect(second.exitCode).toBe(1)
    expect(second.stderr).toMatch(
      new RegExp(`^phasorbus: cannot listen on 127\\.0\\.0\\.1:${port}: .*\\n {2}see which.*\\n$`),
    )
    first.child.kill('SIGTERM')
    await first.ended
  })
})
