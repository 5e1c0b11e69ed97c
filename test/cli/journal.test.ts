import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dissect } from '../capture/tshark.ts'
import { type Folder, frameAt, hexOf, keep, STREAM, slot, T0, temporaryFolder } from '../journal/support/kept.ts'
import { copyTree } from '../journal/support/recorded-files.ts'
import { config2, smallerConfig2, smallerDataAt } from '../support/blue-pmu.ts'
import { runCli, startCli } from '../support/cli.ts'
import { needs } from '../support/needs.ts'
import { oddKeys } from '../support/snake-case.ts'

const OTHER = 'area/secondary-station/1/PMU/2'
let original: Folder

/** Two streams; of the first, a session that ended and began again. */
beforeAll(async () => {
  original = temporaryFolder()
  const clock = { us: T0 }
  await using kept = await keep(join(original.path, 'state/journal'), {
    utcUs: () => clock.us,
    settings: { segmentBytes: 8192 },
  })
  const writer = kept.journal.stream(STREAM)
  writer.configuration([config2])
  for (let n = 0; n < 200; n++) writer.data(frameAt(slot(n)))
  clock.us = slot(200)
  writer.sessionEnded('LINK_SILENT')
  for (let n = 300; n < 500; n++) writer.data(frameAt(slot(n)))
  clock.us = slot(500)
  const other = kept.journal.stream(OTHER)
  other.configuration([smallerConfig2])
  for (let n = 0; n < 10; n++) other.data(smallerDataAt(n))
})
afterAll(() => original[Symbol.dispose]())

/** A copy to spoil. */
function copied(): Folder {
  const folder = temporaryFolder()
  copyTree(original.path, folder.path)
  return folder
}

const segmentsOf = (folder: string): string[] =>
  readdirSync(join(folder, 'state/journal', STREAM))
    .filter((name) => name.endsWith('.c37'))
    .sort((a, b) => Number(/-(\d+)\./.exec(a)![1]) - Number(/-(\d+)\./.exec(b)![1]))
    .map((name) => join(folder, 'state/journal', STREAM, name))

describe('phasorbus journal ls', () => {
  it('lists streams with span, size, sessions and gaps', async () => {
    const { stdout, exitCode } = await runCli(['journal', 'ls', original.path])
    expect(exitCode).toBe(0)
    const [journal, head, first, second] = stdout.trimEnd().split('\n')
    expect(journal).toBe(join(original.path, 'state/journal'))
    expect(head!.split(/\s+/)).toEqual(['STREAM', 'FROM', 'TO', 'SIZE', 'SEGMENTS', 'FRAMES', 'SESSIONS', 'GAPS'])
    expect(first!.split(/\s{2,}/)).toEqual([
      STREAM,
      '2026-01-01 00:00:00.000',
      '2026-01-01 00:00:09.980',
      expect.stringMatching(/^\d+\.\d kB$/),
      '3',
      '400',
      '2',
      '1, 3 s',
    ])
    expect(second).toMatch(/ 10 +1 +0$/)
  })

  it('prints the same as JSON', async () => {
    const { stdout, exitCode } = await runCli(['journal', 'ls', '--json', join(original.path, 'state/journal')])
    const output = JSON.parse(stdout)
    expect(exitCode).toBe(0)
    expect(oddKeys(output)).toEqual([])
    expect(output.journals).toHaveLength(1)
    expect(output.journals[0].streams[0]).toEqual({
      stream: STREAM,
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-01-01T00:00:09.980Z',
      bytes: expect.any(Number),
      segments: 3,
      frames: 400,
      sessions: 2,
      gaps: [
        {
          from: '2026-01-01T00:00:03.980001Z',
          to: '2026-01-01T00:00:06.000Z',
          verdict: 'not-received',
          reason: 'LINK_SILENT',
        },
      ],
    })
  })

  it('says where there is no journal', async () => {
    using folder = temporaryFolder()
    const { stderr, exitCode } = await runCli(['journal', 'ls', folder.path])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('has no journal')
    expect((await runCli(['journal', 'ls', join(folder.path, 'none')])).exitCode).toBe(1)
    expect((await runCli(['journal', 'ls'])).exitCode).toBe(2)
  })

  it('looks into a journal that is being written, changes nothing, and sees what only the log has', async () => {
    using folder = temporaryFolder()
    await using kept = await keep(folder.path, { settings: { writeDelayMs: 0 } })
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    for (let n = 0; n < 50; n++) writer.data(frameAt(slot(n)))
    const before = readdirSync(folder.path)
    const { stdout, exitCode } = await runCli(['journal', 'ls', '--json', folder.path])
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout).journals[0].streams[0]).toMatchObject({ frames: 50, sessions: 1, gaps: [] })
    expect((await runCli(['journal', 'verify', folder.path])).exitCode).toBe(0)
    const { stdout: frames } = await runCli([
      'journal',
      'export',
      STREAM,
      folder.path,
      '-o',
      join(folder.path, 'x.c37'),
    ])
    expect(frames).toBe('')
    expect(readFileSync(join(folder.path, 'x.c37')).length).toBe(config2.length + 50 * 54)
    expect(readdirSync(folder.path).filter((name) => name !== 'x.c37')).toEqual(before)
  })
})

describe('phasorbus journal ls of a journal that let its oldest segment go', () => {
  it('counts the session that went on when the next began', async () => {
    using folder = copied()
    const [oldest] = segmentsOf(folder.path)
    for (const kind of ['.c37', '.events', '.index']) rmSync(oldest!.replace('.c37', kind))
    const { stdout } = await runCli(['journal', 'ls', folder.path, '--json'])
    const [first] = JSON.parse(stdout).journals[0].streams
    expect(first).toMatchObject({ stream: STREAM, segments: 2, sessions: 2 })
  })
})

describe('phasorbus journal verify', () => {
  it('says that all is right', async () => {
    const { stdout, exitCode } = await runCli(['journal', 'verify', original.path])
    expect(exitCode).toBe(0)
    expect(stdout).toContain(`${STREAM}: 400 frames in 3 segments`)
    expect(stdout.match(/all right/g)).toHaveLength(2)
  })

  it('names each damage, with file, offset and the time of what is lost, and exits with 3', async () => {
    using folder = copied()
    const [first] = segmentsOf(folder.path)
    const bytes = readFileSync(first!)
    bytes[config2.length + 54 * 10 + 30]! ^= 1
    writeFileSync(first!, bytes)
    const { stdout, stderr, exitCode } = await runCli(['journal', 'verify', folder.path])
    expect(exitCode).toBe(3)
    expect(stderr).toContain('damaged or lost in 1 place')
    expect(stdout).toContain(
      `damaged  ${STREAM}/1767225600000000-1.c37 at byte ${config2.length + 540}: 54 bytes of frames; ` +
        'frames between 2026-01-01 00:00:00.180 and 2026-01-01 00:00:00.220 are lost',
    )
    const { stdout: json } = await runCli(['journal', 'verify', '--json', folder.path])
    expect(oddKeys(JSON.parse(json))).toEqual([])
    expect(JSON.parse(json).journals[0].streams[0].damages).toEqual([
      {
        file: `${STREAM}/1767225600000000-1.c37`,
        offset: config2.length + 540,
        bytes: 54,
        of: 'frames',
        frames_after: '2026-01-01T00:00:00.180Z',
        frames_before: '2026-01-01T00:00:00.220Z',
      },
    ])
  })

  it.each([
    ['c37', 3],
    ['events', 3],
    ['index', 0],
  ])('finds a .%s file that lost its end: exit code %i', async (kind, code) => {
    using folder = copied()
    const file = segmentsOf(folder.path)[1]!.replace(/c37$/, kind)
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.subarray(0, bytes.length - 30))
    const { stdout, exitCode } = await runCli(['journal', 'verify', folder.path])
    expect(stdout).toMatch(new RegExp(`damaged  .*\\.${kind} at byte`))
    expect(exitCode).toBe(code)
  })
})

describe('a journal whose version cannot be read', () => {
  it('can be looked at all the same, and verify says so and that it costs nothing', async () => {
    using folder = copied()
    writeFileSync(join(folder.path, 'state/journal/journal.version'), '\0\0\0')
    const { stdout, exitCode } = await runCli(['journal', 'verify', folder.path])
    expect(stdout).toContain('journal.version at byte 0: 3 bytes of version; the next run writes it anew')
    expect(stdout).toContain(`${STREAM}: 400 frames in 3 segments`)
    expect(exitCode).toBe(0)
  })
})

describe('a journal of another version', () => {
  it.each([
    ['ls', []],
    ['verify', []],
    ['export', [STREAM]],
  ])('is not read by `%s`, which says what it is, what reads it, and that no other does', async (verb, topic) => {
    using folder = copied()
    writeFileSync(join(folder.path, 'state/journal/journal.version'), '{"journal":2,"id":"0123456789abcdef"}\n')
    const output = verb === 'export' ? ['-o', join(folder.path, 'out.c37')] : []
    const { stdout, stderr, exitCode } = await runCli(['journal', verb, ...topic, folder.path, ...output])
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 })
    expect(stderr.split('\n')).toEqual([
      `phasorbus: ${join(folder.path, 'state/journal')} is a journal of version 2; this program knows version 1`,
      '  run the version that wrote it, or move the folder away: what it has cannot be replayed then',
      '',
    ])
    expect(readdirSync(folder.path)).toEqual(['state'])
  })
})

describe('phasorbus journal export', () => {
  it('writes the frames of a time, each with its configuration, that decode can read', async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'out.c37')
    const range = ['--from', '2026-01-01T00:00:01', '--to', '2026-01-01 00:00:02.000']
    const { exitCode, stderr } = await runCli(['journal', 'export', STREAM, original.path, ...range, '-o', file])
    expect(exitCode).toBe(0)
    expect(stderr).toContain('50 data frames')
    const wanted = [config2, ...Array.from({ length: 50 }, (_, n) => frameAt(slot(50 + n)))]
    expect(readFileSync(file).toString('hex')).toBe(wanted.map(hexOf).join(''))
    const { stdout } = await runCli(['decode', '--summary', '--json', file])
    expect(JSON.parse(stdout).streams[0]).toMatchObject({ idcode: 241, frames: { data: 50, config2: 1 } })
  })

  it('writes pcap by the name of the file, each frame at its time', async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'out.pcap')
    const { exitCode } = await runCli(['journal', 'export', STREAM, original.path, '--output', file])
    expect(exitCode).toBe(0)
    const { stdout } = await runCli(['decode', '--summary', '--json', file])
    expect(JSON.parse(stdout)).toMatchObject({
      capture: { format: 'pcap' },
      streams: [
        { transport: 'tcp', frames: { data: 400 }, chk_errors: 0, first_timestamp: '2026-01-01T00:00:00.000000Z' },
      ],
    })
    // Else `replay` would wait for the data as long as they are younger than their configuration.
    expect(readFileSync(file).readUInt32LE(24)).toBe(T0 / 1e6)
  })

  it.skipIf(needs('tshark').skip)(needs('tshark').title('writes pcap that tshark reads as synphasor'), async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'out.pcap')
    expect(await runCli(['journal', 'export', STREAM, original.path, '-o', file])).toMatchObject({ exitCode: 0 })
    const frames = dissect(file)
    const shown = (name: string): (string | undefined)[] =>
      frames.map((fields) => fields.find((field) => field.name === `synphasor.${name}`)?.show)
    const types = shown('frtype')
    expect(types[0]).toBe('0x0003')
    expect(types.filter((type) => type === '0x0000')).toHaveLength(400)
    expect(new Set(shown('idcode_stream_source'))).toEqual(new Set(['241']))
    expect(new Set(shown('checksum.status'))).toEqual(new Set(['1']))
    // It reads the measurements of a data frame only with the configuration that it read before.
    expect(shown('rate_change_frequency').filter((value) => value !== undefined)).toHaveLength(400)
  })

  it('writes to standard output', async () => {
    const { stdout, exitCode } = await runCli(['journal', 'export', OTHER, original.path, '-o', '-'])
    expect(exitCode).toBe(0)
    expect(stdout.length).toBeGreaterThan(0)
  })

  it('exits with 3 where frames of that time are lost', async () => {
    using folder = copied()
    const [first] = segmentsOf(folder.path)
    const bytes = readFileSync(first!)
    bytes[config2.length + 54 * 10 + 30]! ^= 1
    writeFileSync(first!, bytes)
    const file = join(folder.path, 'out.c37')
    const { exitCode, stderr } = await runCli(['journal', 'export', STREAM, folder.path, '-o', file])
    expect(stderr).toContain('lost')
    expect(exitCode).toBe(3)
  })

  it('says what it has where there is nothing', async () => {
    using folder = temporaryFolder()
    const output = ['-o', join(folder.path, 'out.c37')]
    const unknown = await runCli(['journal', 'export', 'area/x/1/PMU/9', original.path, ...output])
    expect(unknown).toMatchObject({ exitCode: 1 })
    expect(unknown.stderr).toContain('has no stream area/x/1/PMU/9')
    const empty = await runCli(['journal', 'export', STREAM, original.path, '--from', '1h', ...output])
    expect(empty.exitCode).not.toBe(0)
    expect(empty.stderr).toContain('2026-01-01 00:00:00.000')
    const none = ['--from', '2025-01-01', '--to', '2025-01-02']
    expect(await runCli(['journal', 'export', STREAM, original.path, ...none, ...output])).toMatchObject({
      exitCode: 1,
    })
    expect(readdirSync(folder.path)).toEqual([])
    const nowhere = await runCli(['journal', 'export', STREAM, original.path, '-o', join(folder.path, 'no/out.c37')])
    expect(nowhere).toMatchObject({ exitCode: 1 })
    expect(nowhere.stderr).toContain('no such file or directory')
    const wrong = await runCli(['journal', 'export', STREAM, original.path, '--from', 'yesterday', ...output])
    expect(wrong.exitCode).toBe(2)
    expect((await runCli(['journal', 'export', STREAM, original.path])).exitCode).toBe(2)
  })
})

it('teaches with its help', async () => {
  for (const args of [['journal'], ['journal', 'ls'], ['journal', 'verify'], ['journal', 'export']]) {
    const { stdout, exitCode } = await runCli([...args, '--help'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Examples:')
  }
  expect(await startCli(['journal', 'nonsense']).ended).toMatchObject({ exitCode: 2 })
})
