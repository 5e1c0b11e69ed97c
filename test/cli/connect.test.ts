import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import { capturePath, needsCaptures } from '../support/captures.ts'
import { type CliResult, runCli, startCli } from '../support/cli.ts'
import {
  healthy,
  IDCODE,
  type MeasuringPmu,
  type MeasuringPmuOptions,
  startMeasuringPmu,
} from '../support/measuring-pmu.ts'
import { oddKeys } from '../support/snake-case.ts'

const running: MeasuringPmu[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((pmu) => pmu.close()))
})

async function urlOf(options: MeasuringPmuOptions): Promise<string> {
  const measuring = await startMeasuringPmu(options)
  running.push(measuring)
  return `tcp://127.0.0.1:${measuring.pmu.port}`
}

const idcode = ['--idcode', String(IDCODE)]

describe('phasorbus connect', () => {
  it('shows the dialogue, the configuration as a table, values, and that nothing is wrong', async () => {
    const { exitCode, stdout, stderr } = await runCli(['connect', await urlOf(healthy), ...idcode, '--for', '2500ms'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(
      /→ .*off[\s\S]*→ .*CFG-2[\s\S]*← CFG-2 after \d+ ms: 174 bytes, 1 PMU, 50 frames\/s[\s\S]*→ .*on[\s\S]*data flows/,
    )
    expect(stdout).toMatch(/no HEADER within/)
    expect(stdout).toMatch(/Feeder 7 {2}IDCODE 765, 50 Hz[\s\S]* VA +voltage/)
    expect(stdout).toMatch(/Feeder 7 {2}50\.000 Hz {2}VA 7\.3000 kV 10\.00°/)
    expect(stdout).toMatch(/of 50 frames\/s {3}\d+ frames {3}0 lost {3}0 CHK errors/)
    expect(stdout).toMatch(/nothing looks wrong/)
  })

  it('gives a program one object', async () => {
    const { exitCode, stdout } = await runCli(['connect', await urlOf(healthy), ...idcode, '--for', '1s', '--json'])
    expect(exitCode).toBe(0)
    const report = JSON.parse(stdout)
    expect(oddKeys(report)).toEqual([])
    expect(report).toMatchObject({
      idcode: IDCODE,
      header: null,
      configuration: { data_rate: 50, pmus: [{ station_name: 'Feeder 7', fnom_hz: 50, rotation: 'ABC' }] },
      frames: { lost: 0, duplicates: 0, steps_back: 0 },
      chk_errors: 0,
      doubts: [],
    })
    expect(report.frames.received).toBeGreaterThan(40)
    expect(report.rate.measured).toBeCloseTo(50, -1)
    expect(report.latency_ms.p50).toBeLessThan(1000)
  })

  it('ends with 3 when frames are lost, and counts them by their time', async () => {
    const url = await urlOf({ ...healthy, dropEvery: 10 })
    const { exitCode, stdout } = await runCli(['connect', url, ...idcode, '--for', '1s', '--json'])
    expect(exitCode).toBe(3)
    const { received, lost } = JSON.parse(stdout).frames
    expect(Math.abs(lost - received / 9)).toBeLessThanOrEqual(1)
  })

  it('saves the configuration as it was received', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'phasorbus-connect-'))
    const url = await urlOf(healthy)
    const file = join(folder, 'saved.cfg2')
    const { stdout } = await runCli(['connect', url, ...idcode, '--for', '100ms', '--save-config', file])
    expect(stdout).toContain(`configuration saved to ${file}`)
    expect(await readFile(file)).toEqual(Buffer.from(running[0]!.configuration))
    await rm(folder, { recursive: true })
  })

  it('ends at once and well on SIGINT', async () => {
    const cli = startCli(['connect', await urlOf(healthy), ...idcode])
    await cli.sees(/VA 7\.3000 kV/)
    cli.child.kill('SIGINT')
    expect(await cli.ended).toMatchObject({ exitCode: 0, signal: null })
  })

  it.each([
    ['swapped phases', { values: swap(healthy.values, 1, 2) }, 'ROTATION', ['VA', 'VB', 'VC']],
    ['a reversed phase', { values: turned(healthy.values, 1, 180) }, 'REVERSED', ['VB']],
    ['a clock of local time', { clockOffsetMs: 7_200_000 }, 'CLOCK', ['SOC']],
    ['a frequency that does not fit the angles', { frequencyHz: 50.3, saidHz: 50 }, 'FREQUENCY', ['FREQ']],
    ['a PMU without synchronisation', { stat: 0x2000 }, 'NOT_SYNCHRONISED', ['STAT']],
  ])('doubts %s', async (_case, change, code, channels) => {
    const url = await urlOf({ ...healthy, ...change })
    const { stdout } = await runCli(['connect', url, ...idcode, '--for', '500ms', '--json'])
    expect(JSON.parse(stdout).doubts).toContainEqual(expect.objectContaining({ code, channels, pmu: 'Feeder 7' }))
  })
})

describe.skipIf(needsCaptures.skip)(needsCaptures.title('a capture on disk'), () => {
  const listen = (name: string, idcode: number): Promise<CliResult> =>
    runCli(['connect', `pcap:${capturePath(name)}`, '--idcode', String(idcode), '--json'])

  it('is listened in on to its end, without doubts about when it was taken', async () => {
    const { exitCode, stdout } = await listen('C37.118_1PMU_TCP.pcap', 241)
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      configuration: { time_base: 16_777_215, pmus: [{ station_name: 'Blue PMU', rotation: 'ABC' }] },
      frames: { received: 252, lost: 0 },
      rate: { configured: 50, measured: null },
      latency_ms: null,
      doubts: [],
    })
  })

  it('shows the clock that its PMU knew to be wrong', async () => {
    const { stdout } = await listen('c37_1100_clean_tcp.pcap', 1)
    expect(JSON.parse(stdout).doubts.map(({ code }: { code: string }) => code)).toContain('NOT_SYNCHRONISED')
  })

  it('says when it has nothing of the IDCODE', async () => {
    const { exitCode, stderr } = await listen('C37.118_1PMU_TCP.pcap', 1)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('decode FILE --summary')
  })
})

describe('a mistake on the command line or in the network', () => {
  it('says when the configuration cannot be saved', async () => {
    const file = '/nowhere/saved.cfg2'
    const { exitCode, stderr } = await runCli(['connect', await urlOf(healthy), ...idcode, '--save-config', file])
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: `phasorbus: cannot open ${file}: there is no such file or directory\n`,
    })
  })

  it.each([
    ['is not there', 'nowhere.cfg2', /cannot open nowhere\.cfg2: there is no such file/],
    [
      'has none',
      'package.json',
      /package\.json holds no usable configuration: there is no whole CFG-2 or CFG-3 frame in it/,
    ],
  ])('says when a saved configuration %s', async (_case, file, message) => {
    const { exitCode, stderr } = await runCli(['connect', await urlOf(healthy), ...idcode, '--config', file])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(message)
  })

  it('says when nothing listens', async () => {
    const { exitCode, stdout, stderr } = await runCli(['connect', `tcp://127.0.0.1:${await freePort()}`, ...idcode])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /^phasorbus: .*127\.0\.0\.1:\d+ refused the connection: nothing listens there\n {2}check address and port/,
    )
    expect(`${stdout}${stderr}`).not.toMatch(/^ +at /m)
  })

  it('says what to look at when a PMU does not answer', async () => {
    const url = await urlOf(healthy)
    const { exitCode, stderr } = await runCli(['connect', url, '--idcode', '1', '--json'])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/answers neither CFG-2 nor CFG-3\n {2}most often the IDCODE is another one/)
  })

  it.each([
    [
      'a source that is none',
      ['http://pmu', ...idcode],
      /SOURCE 'http:\/\/pmu' is invalid: `http:` is no transport; one of/,
    ],
    ['no source at all', ['pmu', ...idcode], /`pmu` is not of the form tcp:\/\/HOST:PORT/],
    ['a port that there is not', ['tcp://pmu:99999', ...idcode], /port 99999 is above 65535/],
    ['a capture without a path', ['pcap:', ...idcode], /needs the path of a file/],
    ['no IDCODE', ['tcp://pmu'], /--idcode/],
    ['an impossible IDCODE', ['tcp://pmu', '--idcode', '65535'], /1 to 65534/],
    ['a time that is none', ['tcp://pmu', ...idcode, '--for', 'ever'], /10s/],
  ])('refuses %s with exit code 2', async (_case, args, message) => {
    const { exitCode, stderr } = await runCli(['connect', ...args])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(message)
  })
})

type Values = MeasuringPmuOptions['values']

function swap(values: Values, a: number, b: number): Values {
  return values.map((value, i) => (i === a ? values[b]! : i === b ? values[a]! : value))
}

function turned(values: Values, channel: number, by: number): Values {
  return values.map((value, i) => (i === channel ? { ...value, degrees: value.degrees + by } : value))
}
