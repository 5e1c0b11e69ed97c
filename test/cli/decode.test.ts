import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { compileEncoder, decodeConfiguration, encodeConfiguration } from '../../src/c37118/index.ts'
import { connection, datagrams, pcapOf, segmentsOf } from '../capture/conversation.ts'
import { concat, dataFrames, golden } from '../capture/frames.ts'
import { capturePath, needsCaptures, readCapture } from '../support/captures.ts'
import { runCli, startCli } from '../support/cli.ts'
import { oddKeys } from '../support/snake-case.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phasorbus-decode-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(folder, name), bytes)
  return join(folder, name)
}

async function summary(path: string, ...options: string[]) {
  const { stdout, exitCode, stderr } = await runCli(['decode', '--summary', '--json', ...options, path])
  return { ...JSON.parse(stdout), exitCode, stderr }
}

const none = { data: 0, header: 0, config1: 0, config2: 0, config3: 0, command: 0 }
const clean = {
  chk_errors: 0,
  discarded_bytes: 0,
  capture_gaps: 0,
  undecodable_frames: 0,
  gaps: 0,
  missing_frames: 0,
  duplicates: 0,
  steps_back: 0,
}

// Counts: the captures' README. Times: tshark.
describe.skipIf(needsCaptures.skip)(needsCaptures.title('decode --summary --json of the real captures'), () => {
  it.each([
    [
      'C37.118_1PMU_TCP.pcap',
      [
        {
          ...clean,
          transport: 'tcp',
          addresses: ['192.168.0.20:36835', '192.168.0.241:4712'],
          source: '192.168.0.241:4712',
          idcode: 241,
          station_names: ['Blue PMU'],
          frames: { ...none, data: 252, config2: 1, command: 3 },
          first_timestamp: '2008-08-01T16:05:30.120000Z',
          last_timestamp: '2008-08-01T16:05:35.140000Z',
          time_base: 16_777_215,
          time_base_from: 'configuration',
          rate: 50,
        },
      ],
    ],
    [
      'C37.118_1PMU_UDP.pcap',
      [
        {
          ...clean,
          transport: 'udp',
          idcode: 60,
          station_names: ['PMU1'],
          frames: { ...none, data: 356, config2: 1, command: 4 },
        },
      ],
    ],
    ['C37.118_1PMU_UDP_minimal.pcap', [{ ...clean, frames: { ...none, data: 1, config2: 1, command: 3 } }]],
    [
      'C37.118_1PMU_UDP_minimal_otherport.pcap',
      [{ ...clean, source: '192.168.0.60:40713', frames: { ...none, data: 1, config2: 1, command: 3 } }],
    ],
    [
      'C37.118_2PMUsInSync_TCP.pcap',
      [
        { ...clean, idcode: 241, frames: { ...none, data: 1501, config2: 1, command: 3 } },
        { ...clean, idcode: 60, frames: { ...none, data: 1501, config2: 1, command: 3 } },
      ],
    ],
    [
      'c37_1100_clean_tcp.pcap',
      [
        {
          ...clean,
          idcode: 1,
          station_names: ['Reporting1'],
          rate: 60,
          frames: { ...none, data: 422, header: 1, config2: 1, command: 3 },
        },
      ],
    ],
    [
      'gsf_framecapture.PmuCapture',
      [
        {
          ...clean,
          transport: 'raw',
          addresses: [],
          idcode: 1,
          station_names: [],
          frames: { ...none, data: 494 },
          first_timestamp: '2012-12-10T16:23:53.600000Z',
          time_base: 1_000_000,
          time_base_from: 'inferred',
          rate: 30,
          gaps: 3,
          missing_frames: 4,
          duplicates: 2,
          steps_back: 1,
        },
      ],
    ],
  ])('%s', async (name, streams) => {
    const found = await summary(capturePath(name))
    expect(found).toMatchObject({ streams, exitCode: 0, stderr: '' })
    expect(found.streams).toHaveLength(streams.length)
    expect(oddKeys(found.capture)).toEqual([])
  })

  it('is the same from standard input', async () => {
    const child = spawn(process.execPath, [inject('cliMain'), 'decode', '--summary', '--json', '-'])
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stdin.end(readCapture('C37.118_1PMU_TCP.pcap'))
    await new Promise((resolve) => child.on('close', resolve))
    expect(JSON.parse(stdout).streams).toEqual((await summary(capturePath('C37.118_1PMU_TCP.pcap'))).streams)
  })
})

describe('decode', () => {
  const capture = pcapOf(connection(concat([golden.config2, ...dataFrames(10)]), segmentsOf(674, [50, 400])))

  it('prints one line per frame', async () => {
    const asked = pcapOf(datagrams([golden.sendConfig2, golden.config2, golden.data]))
    const { stdout, exitCode } = await runCli(['decode', await file('asked.pcap', asked)])
    expect(stdout.split('\n')).toEqual([
      '#1  udp 10.0.0.7:4712 <-> 10.0.0.20:36835  IDCODE 241',
      '#1 > CMD    1970-01-01 00:00:00.000000  0x0005 send CFG-2',
      '#1 > CFG-2  2008-08-01 16:05:30.100000  50 frames/s, TIME_BASE 16777215, 1 PMU: Blue PMU (241: 4 phasors, 0 analogs, 0 digital words; float32 rectangular)',
      '#1 > DATA   2008-08-01 16:05:30.120000  Blue PMU  50.000 Hz  +0.00 Hz/s  V1LPM 100.04 kV -89.93°  VALPM 100.04 kV -89.93°  VBLPM 100.04 kV 150.07°  VCLPM 100.05 kV 30.07°  STAT 0x0800 trigger: manual',
      '',
    ])
    expect(exitCode).toBe(0)
  })

  it('prints one object per frame with --json, with every field', async () => {
    const { stdout } = await runCli(['decode', '--json', await file('one.pcap', capture)])
    const frames = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(oddKeys(frames)).toEqual([])
    expect(frames.map(({ type }) => type)).toEqual(['config2', ...Array(10).fill('data')])
    expect(frames[0].configuration).toMatchObject({
      data_rate: 50,
      pmus: [
        {
          station_name: 'Blue PMU',
          cfgcnt: 89,
          fnom_hz: 50,
          phasors: [{ name: 'V1LPM', kind: 'voltage', phunit: 1 }, {}, {}, {}],
        },
      ],
    })
    expect(frames[6]).toMatchObject({
      from: '10.0.0.7:4712',
      to: '10.0.0.20:36835',
      captured: '2023-11-14T22:13:20.005000Z',
      version: 1,
      size: 54,
      idcode: 241,
      soc: 1_217_606_730,
      timestamp: '2008-08-01T16:05:30.100000Z',
      time_quality: { raw: 0, indicator: 0, leap_second_pending: false },
      configuration_from: 'stream',
      pmus: [
        {
          stat: { raw: 0x800, trigger: true, data_error: 0 },
          freq_hz: 50,
          dfreq_hz_per_s: 0,
          phasors: [{ unit: 'V', name: 'V1LPM' }, {}, {}, {}],
        },
      ],
    })
    expect(frames[6].pmus[0].phasors[0].magnitude).toBeCloseTo(100_044.349, 3)
    expect(frames[6].pmus[0].phasors[0].angle_deg).toBeCloseTo(-89.929, 3)
  })

  it('prints only what was asked for', async () => {
    const path = await file('some.pcap', capture)
    const { stdout } = await runCli(['decode', '--json', '--type', 'data', '--limit', '3', path])
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).type),
    ).toEqual(['data', 'data', 'data'])
    expect((await runCli(['decode', '--json', '--idcode', '9', path])).stdout).toBe('')
  })

  it('decodes data before their configuration with the one that comes later, and says so', async () => {
    const late = concat([...dataFrames(3), golden.config2])
    const { stdout } = await runCli(['decode', '--json', '--limit', '1', await file('late.raw', late)])
    expect(JSON.parse(stdout)).toMatchObject({ configuration_from: 'later', pmus: [{ freq_hz: 50 }] })
  })

  it('takes a configuration from a file, and decodes nothing with one that does not fit', async () => {
    const data = await file('data.raw', concat(dataFrames(2)))
    const config = await file('pmu.cfg', golden.config2)
    const { stdout } = await runCli(['decode', '--json', '--limit', '1', '--config', config, data])
    expect(JSON.parse(stdout)).toMatchObject({ configuration_from: 'given', time_base: 16_777_215 })

    const configuration = decodeConfiguration(golden.config2)
    const [pmu] = configuration.pmus
    const smaller = { ...configuration, pmus: [{ ...pmu!, phasors: pmu!.phasors.slice(1) }] }
    const other = await file('other.cfg', concat(encodeConfiguration(smaller)))
    const refused = await runCli(['decode', '--json', '--config', other, '--limit', '1', data])
    expect(JSON.parse(refused.stdout)).toMatchObject({ problem: '54 bytes are not what the configuration describes' })
  })

  it('uses the configuration of the TCP connection for the data over UDP', async () => {
    const commands = connection(golden.config2, segmentsOf(134, []))
    const path = await file('tcp+udp.pcap', pcapOf([...commands, ...datagrams(dataFrames(2))]))
    const { stdout } = await runCli(['decode', '--json', '--type', 'data', '--limit', '1', path])
    expect(JSON.parse(stdout)).toMatchObject({ transport: 'udp', configuration_from: 'device' })
  })

  it('counts wrong CHKs and lost bytes, and ends with 3', async () => {
    const broken = golden.data.slice()
    broken[20]! ^= 1
    const bytes = concat([golden.config2, ...dataFrames(2), broken, ...dataFrames(4).slice(3)])
    const { streams, exitCode, stderr } = await summary(await file('broken.raw', bytes))
    expect(streams).toMatchObject([{ chk_errors: 1, discarded_bytes: 54, gaps: 1, missing_frames: 1 }])
    expect(exitCode).toBe(3)
    expect(stderr).toBe('phasorbus: the capture is damaged: 1 wrong CHK; 54 bytes outside of frames\n')
  })

  it('prints what is whole of a file that was cut off, says where, and ends with 3', async () => {
    const path = await file('cut.pcap', capture.subarray(0, capture.length - 30))
    const { stdout, stderr, exitCode } = await runCli(['decode', '--json', path])
    expect(stdout.trimEnd().split('\n').length).toBeGreaterThan(5)
    expect(stderr).toMatch(/it ends inside a packet at byte \d+/)
    expect(exitCode).toBe(3)
  })

  it.each<[string, string[], Uint8Array | undefined, number, RegExp]>([
    ['a file that is not there', ['nowhere.pcap'], undefined, 1, /nowhere\.pcap: there is no such file/],
    ['a directory', ['.'], undefined, 1, /cannot read \.: it is a directory/],
    ['a compressed one', [], gzipSync(capture), 1, /compressed \(gzip\): decompress it first/],
    ['an empty one', [], new Uint8Array(0), 1, /is empty/],
    ['one without C37.118', [], Buffer.from('hello, this is no capture at all'), 1, /has no C37\.118 frame/],
    ['a configuration that is none', ['--config', '/dev/null'], capture, 1, /has no CFG-2 or CFG-3 frame/],
    ['a type that does not exist', ['--type', 'datum'], capture, 2, /Allowed choices are data/],
    ['an IDCODE out of range', ['--idcode', '70000'], capture, 2, /1 to 65535/],
  ])('has one clear line for %s', async (_case, args, bytes, code, message) => {
    const path = bytes ? [await file('input', bytes)] : []
    const { stdout, stderr, exitCode } = await runCli(['decode', ...path, ...args], { cwd: folder })
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/ {4}at /)
  })

  it('decodes a pipe as it comes, and says what it saw when it is stopped', async () => {
    const lines = startCli(['decode', '-'])
    lines.child.stdin.write(capture.subarray(0, 900))
    await lines.sees(/DATA .*Blue PMU/)
    lines.child.kill('SIGINT')
    expect(await lines.ended).toMatchObject({ exitCode: 0, signal: null, stderr: '' })

    const summary = startCli(['decode', '--summary', '--json', '-'])
    summary.child.stdin.write(capture.subarray(0, 24))
    await new Promise<void>((resolve) => summary.child.stdin.write(capture.subarray(24, 900), () => resolve()))
    summary.child.stdin.end()
    expect(JSON.parse((await summary.ended).stdout).streams).toMatchObject([{ idcode: 241 }])
  })

  it('ends quietly when its reader has had enough', async () => {
    const many = await file('many.raw', concat([golden.config2, ...dataFrames(20_000)]))
    const child = spawn('sh', [
      '-c',
      `"$0" "$1" decode "$2" | head -n 2; exit`,
      process.execPath,
      inject('cliMain'),
      many,
    ])
    let output = ''
    child.stderr.on('data', (text) => {
      output += text
    })
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0)
    expect(output).toBe('')
  })
})

it('decodes every value an encoder wrote', async () => {
  const configuration = decodeConfiguration(golden.config2)
  const encoder = compileEncoder(configuration)
  const [pmu] = configuration.pmus
  const frame = encoder.encode({
    soc: 1_700_000_000,
    fraction: 0,
    pmus: [
      {
        stat: 0x2000,
        phasors: pmu!.phasors.map((_, i) => ({ magnitude: 100 + i, angle: 0.5 })),
        freq: 49.9,
        dfreq: -0.25,
      },
    ],
  })
  const { stdout } = await runCli([
    'decode',
    '--json',
    '--type',
    'data',
    await file('made.raw', concat([golden.config2, frame])),
  ])
  expect(JSON.parse(stdout).pmus[0]).toMatchObject({
    freq_hz: 49.9,
    dfreq_hz_per_s: -0.25,
    stat: { synchronised: false },
  })
})
