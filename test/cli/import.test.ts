import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import { FrameSplitter, FrameType, frameTypeOf, idcodeOf } from '../../src/c37118/index.ts'
import { FrameExtractor } from '../../src/capture/index.ts'
import { capturePath, needsCaptures } from '../support/captures.ts'
import { type CliResult, runCli, startCli, startGridCli } from '../support/cli.ts'

const [first, second] = ['area/secondary-station/1156/PMU/241', 'area/secondary-station/1156/PMU/60']

describe('phasorbus import', () => {
  let folder: string
  let gridFile: string
  let url: string
  let port: number
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'phasorbus-import-cli-'))
    gridFile = join(folder, 'grid.yaml')
    port = await freePort()
    url = `http://127.0.0.1:${port}`
    await writeFile(gridFile, JSON.stringify(grid()))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  const grid = () => ({
    area: 'area',
    broker: { embedded: { listen: [] } },
    state: join(folder, 'state'),
    sites: [site()],
  })
  const site = () => ({
    location: 'control-center/1',
    historians: [{ id: 'history', api: { listen: `127.0.0.1:${port}` } }],
  })
  const run = (...args: readonly string[]): Promise<CliResult> => runCli(['import', '--grid', gridFile, ...args])

  /** While the historian runs over the store. */
  async function served<T>(work: () => Promise<T>): Promise<T> {
    const stop = new AbortController()
    const running = await startGridCli(gridFile, grid(), stop.signal)
    try {
      return await work()
    } finally {
      running.child.kill('SIGTERM')
      await running.ended
      stop.abort()
    }
  }
  /** All of the time that was imported. */
  async function exported(topic: string, format: string, said: string): Promise<Buffer> {
    const [, from, to] = /(\d{4}-\S+)Z to (\d{4}-[^.]+)/.exec(said)!
    const end = new Date(Date.parse(`${to}Z`) + 1000).toISOString().slice(0, 19)
    const period = ['--from', from!, '--to', end]
    const file = join(folder, `out.${format}`)
    const { exitCode, stderr } = await runCli([
      'export',
      topic,
      ...period,
      '--format',
      format,
      '-o',
      file,
      '--url',
      url,
    ])
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('data frame')])
    return readFile(file)
  }
  const dataOf = (bytes: Uint8Array): Buffer => {
    const frames: Uint8Array[] = []
    new FrameSplitter().push(bytes, (frame) => {
      if (frameTypeOf(frame) === FrameType.data) frames.push(Uint8Array.from(frame))
    })
    return Buffer.concat(frames)
  }

  describe.skipIf(needsCaptures.skip)(needsCaptures.title('of captures'), () => {
    const two = capturePath('C37.118_2PMUsInSync_TCP.pcap')

    it('brings every frame of each stream under its topic, once; the historian has them', async () => {
      const args = ['--stream', `241=${first}`, '--stream', `60=${second}`, two]
      const { exitCode, stderr } = await run(...args)
      expect(stderr).toMatch(/PMU\/241: 1,?501 frames added; 20\d\d-/)
      expect(stderr).toMatch(/PMU\/60: 1,?501 frames added/)
      expect(exitCode).toBe(0)
      expect((await run(...args)).stderr).toMatch(/PMU\/241: 0 frames added; 1,?501 were there already/)
      const [list, frames, csv] = await served(async () => [
        (await runCli(['query', '--url', url])).stdout,
        await exported(second, 'c37118', stderr),
        await exported(first, 'csv', stderr),
      ])
      expect(list).toContain(first)
      expect(list).toContain(second)
      const captured: Uint8Array[] = []
      const extractor = new FrameExtractor({
        frame: (frame) => {
          if (frameTypeOf(frame) === FrameType.data && idcodeOf(frame) === 60) captured.push(Uint8Array.from(frame))
        },
      })
      extractor.push(await readFile(two))
      extractor.end()
      expect(dataOf(frames)).toEqual(Buffer.concat(captured))
      expect(csv.toString().trim().split('\n')).toHaveLength(1502)
      expect((await run('--stream', `60=${second}`, join(folder, 'out.c37118'))).stderr).toMatch(
        /0 frames added; 1,?501 were/,
      )
    })

    it('asks which stream is meant, and says what it leaves', async () => {
      const unclear = await run('--stream', first, two)
      expect(unclear.exitCode).toBe(2)
      expect(unclear.stderr).toContain(`has 2 streams: which is ${first}?`)
      expect(unclear.stderr).toMatch(/--stream 241=…\s+Blue PMU/)
      expect((await run('--stream', `7=${first}`, two)).stderr).toContain('has no data of IDCODE 7')
      const { stderr } = await run('--stream', `241=${first}`, two)
      expect(stderr).toContain('IDCODE 60 (1501 data frames) is not imported: no --stream names it')
    })

    it('needs a configuration', async () => {
      const { exitCode, stderr } = await run('--stream', first, capturePath('gsf_framecapture.PmuCapture'))
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining('its data have no configuration')])
      expect(stderr).toContain('--config FILE')
    })

    it('is called again where it was killed', async () => {
      const args = ['import', '--grid', gridFile, '--stream', `241=${first}`, two]
      const cut = startCli(args)
      await cut.sees(/is a new store/, 'stderr')
      cut.child.kill('SIGKILL')
      await cut.ended
      const { stderr } = await runCli(args)
      const [, added, known = '0'] = /PMU\/241: ([\d,]+) frames added(?:; ([\d,]+) were there already)?/.exec(stderr)!
      expect(Number(added!.replace(',', '')) + Number(known.replace(',', ''))).toBe(1501)
      expect((await run(...args.slice(3))).stderr).toMatch(/0 frames added; 1,?501 were there already/)
    })
  })

  it('brings CSV, which comes out as it went in', async () => {
    const file = join(folder, 'day.csv')
    const rows = Array.from({ length: 3000 }, (_, n) => {
      const time = new Date(Date.UTC(2026, 0, 31, 10, 59) + 20 * n).toISOString().replace('Z', '000Z')
      return `${time},${n % 5 === 0 ? 32768 : 0},${63500 + n},${n / 4096},50.5,${n === 7 ? '' : -0.25},${n & 255}`
    })
    const head = 'time,1.stat,1.VA.magnitude V,1.VA.angle rad,1.freq Hz,1.dfreq Hz/s,1.digital1'
    await writeFile(file, `${[head, ...rows].join('\n')}\n`)
    const { exitCode, stderr } = await run('--stream', first, file)
    expect(exitCode).toBe(0)
    expect(stderr).toContain('3000 frames added; 2026-01-31T10:59:00.000000Z to 2026-01-31T10:59:59.980000Z')
    expect((await run('--stream', first, file)).stderr).toContain('0 frames added; 3000 were there already')
    expect((await served(() => exported(first, 'csv', stderr))).toString()).toBe(await readFile(file, 'utf8'))
  })

  it('says what the historian will not keep', async () => {
    const file = join(folder, 'old.csv')
    await writeFile(file, 'time,1.freq Hz\n2006-01-31T10:00:00Z,50\n2006-01-31T10:00:01Z,50\n')
    const keeps = { ...site(), historians: [{ ...site().historians[0], keepDays: { frames: 30 } }] }
    await writeFile(gridFile, JSON.stringify({ ...grid(), sites: [keeps] }))
    expect((await run('--stream', first, file)).stderr).toContain('the historian keeps frames for 30 days')
  })

  it('goes on where Ctrl-C ended it', async () => {
    const file = join(folder, 'long.csv')
    const rows = Array.from(
      { length: 50_000 },
      (_, n) => `${new Date(Date.UTC(2026, 0, 31) + 20 * n).toISOString()},50`,
    )
    await writeFile(file, ['time,1.freq Hz', ...rows].join('\n'))
    const args = ['import', '--grid', gridFile, '--stream', first, file]
    const cut = startCli(args)
    await cut.sees(/is a new store/, 'stderr')
    cut.child.kill('SIGINT')
    const { exitCode, stderr } = await cut.ended
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('not all of it is imported yet')])
    const again = await runCli(args)
    const [, added, known = '0'] = /PMU\/241: (\d+) frames added(?:; (\d+) were there already)?/.exec(again.stderr)!
    expect(Number(added) + Number(known)).toBe(50_000)
  })

  it('says by line what is wrong', async () => {
    const file = join(folder, 'day.csv')
    await writeFile(file, 'time,1.freq Hz\n2026-01-31T10:00:00Z,fifty\n')
    const { exitCode, stderr } = await run('--stream', first, file)
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`${file}:2: column 1.freq Hz: fifty is no number`)])
    expect((await run('--stream', 'area/one', file)).stderr).toMatch(/AREA\/LOCATION-TYPE/)
    expect((await run(file)).exitCode).toBe(2)
    expect((await run('--stream', first, '-')).stderr).toContain('standard input is no file')
    const neither = await runCli(['import', '--stream', first, file])
    expect([neither.exitCode, neither.stderr]).toEqual([2, expect.stringContaining('into which store?')])
    expect((await run('--historian', 'other', '--stream', first, file)).stderr).toContain('there are history')
  })

  it('wants the historian stopped, and says so', async () => {
    const file = join(folder, 'day.csv')
    await writeFile(file, 'time,1.freq Hz\n2026-01-31T10:00:00Z,50\n2026-01-31T10:00:01Z,50\n')
    const { exitCode, stderr } = await served(() => run('--stream', first, file))
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('another process has the store in')])
    expect(stderr).toContain('stop its historian first: what it misses meanwhile heals')
  })
})
