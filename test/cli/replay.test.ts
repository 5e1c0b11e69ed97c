import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fractionOf, socOf, stampFrame } from '../../src/c37118/index.ts'
import { connection, pcapOf, segmentsOf } from '../capture/conversation.ts'
import { asHex, concat, dataFrames, golden } from '../capture/frames.ts'
import { runCli, startCli } from '../support/cli.ts'
import { command, connectRawPdc, frameType } from '../support/raw-pdc.ts'
import { oddKeys } from '../support/snake-case.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phasorbus-replay-'))
})
afterAll(() => rm(folder, { recursive: true }))

function withIdcode(frame: Uint8Array, idcode: number): Uint8Array {
  const copy = new Uint8Array(frame)
  stampFrame(copy, { soc: socOf(frame), fraction: fractionOf(frame), idcode })
  return copy
}

const frames = dataFrames(20)
const stream = concat([golden.config2, ...frames])
const capture = pcapOf(connection(stream, segmentsOf(stream.length, [133, 500])))

async function file(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(folder, name), bytes)
  return join(folder, name)
}

describe('phasorbus replay', () => {
  it('plays a capture to a PDC, every byte of it, and ends', async () => {
    const stop = new AbortController()
    const cli = startCli(['replay', '--port', '0', '--wait', await file('site.pcap', capture)], { signal: stop.signal })
    try {
      const [row, port] = await cli.sees(/^.*tcp:\/\/127\.0\.0\.1:(\d+)$/m)
      expect(row.trim().split(/ {2,}/).slice(0, 4)).toEqual(['241', 'Blue PMU', '50 frames/s', '20'])
      await using pdc = await connectRawPdc(Number(port))
      pdc.send(command(241, 5))
      const [config] = await pdc.received(frameType.config2)
      pdc.send(command(241, 2))
      const data = await pdc.received(frameType.data, 20)
      await pdc.closed
      expect(asHex(config!)).toBe(asHex(golden.config2))
      expect(data.map(asHex)).toEqual(frames.map(asHex))
      expect(await cli.ended).toMatchObject({ exitCode: 0, stderr: 'played 20 frames\n' })
    } finally {
      stop.abort()
    }
  })

  it('loops until it is told to stop', async () => {
    const path = await file('loop.pcap', capture)
    const { exitCode, stdout } = await runCli([
      'replay',
      '--port',
      '0',
      '--loop',
      '--speed',
      '100',
      '--for',
      '300ms',
      '--json',
      path,
    ])
    expect(exitCode).toBe(0)
    const report = JSON.parse(stdout)
    expect(oddKeys(report)).toEqual([])
    const { streams, rounds } = report
    expect(rounds).toBeGreaterThan(2)
    expect(streams[0]).toMatchObject({ idcode: 241, station_names: ['Blue PMU'] })
  })

  it('stops on SIGTERM', async () => {
    const cli = startCli(['replay', '--port', '0', '--loop', await file('term.pcap', capture)])
    await cli.sees(/tcp:\/\//)
    cli.child.kill('SIGTERM')
    expect(await cli.ended).toMatchObject({ exitCode: 0, signal: null })
  })

  it('stops on SIGINT while it still reads', async () => {
    const cli = startCli(['replay', '--port', '0', '-'])
    await new Promise<void>((resolve) => cli.child.stdin.write(capture.subarray(0, 900), () => resolve()))
    // The pipe holds more than this: the second write ends when the first was read.
    await new Promise<void>((resolve) => cli.child.stdin.write(new Uint8Array(1 << 20), () => resolve()))
    cli.child.kill('SIGINT')
    expect(await cli.ended).toMatchObject({ exitCode: 0, stdout: '', stderr: '' })
  })

  it('reads standard input', async () => {
    const cli = startCli(['replay', '--port', '0', '--json', '--speed', '1000', '-'])
    cli.child.stdin.end(capture)
    expect(JSON.parse((await cli.ended).stdout)).toMatchObject({ streams: [{ frames: 20 }], rounds: 1 })
  })

  it('plays what a capture has no configuration for, with one that was saved', async () => {
    const data = await file('data.raw', concat(frames))
    const refused = await runCli(['replay', data])
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toMatch(/IDCODE 241 of raw stream \(20 data frames\) has no configuration/)
    expect(refused.stderr).toMatch(/connect … --save-config/)

    const config = await file('blue.cfg', golden.config2)
    const { stdout } = await runCli(['replay', '--port', '0', '--json', '--speed', '1000', '--config', config, data])
    expect(JSON.parse(stdout).streams).toMatchObject([{ idcode: 241, frames: 20 }])
  })

  it('plays what is whole of a damaged capture, and says so', async () => {
    const cut = await file('cut.pcap', capture.subarray(0, capture.length - 100))
    const { exitCode, stderr, stdout } = await runCli(['replay', '--port', '0', '--json', '--speed', '1000', cut])
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(/the capture is damaged: it ends inside a packet at byte \d+.*what comes before is played/)
    expect(JSON.parse(stdout).streams[0].frames).toBeGreaterThan(3)
  })

  it('ends with 1 when its port is taken, and says what to do', async () => {
    const path = await file('taken.pcap', capture)
    const first = startCli(['replay', '--port', '0', '--wait', path])
    const [, port] = await first.sees(/tcp:\/\/127\.0\.0\.1:(\d+)/)
    const second = await runCli(['replay', '--port', port!, path])
    expect(second).toMatchObject({ exitCode: 1, stdout: '' })
    expect(second.stderr).toMatch(
      new RegExp(`^phasorbus: cannot listen on 127\\.0\\.0\\.1:${port}: another program.*\\n {2}see which one.*\\n$`),
    )
    first.child.kill('SIGTERM')
    await first.ended
  })

  it('refuses ports that there are not, before it listens', async () => {
    const two = concat([dataFrames(2)[0]!, ...[golden.config2, golden.data]].map((frame) => withIdcode(frame, 7)))
    const path = await file('two.raw', concat([stream, two]))
    const { exitCode, stderr } = await runCli(['replay', '--port', '65535', path])
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: 'phasorbus: 2 PMUs from port 65535 on need ports above 65535\n  give a lower --port, or --port 0\n',
    })
  })

  it.each<[string, string[], Uint8Array | undefined, number, RegExp]>([
    ['a file that is not there', ['nowhere.pcap'], undefined, 1, /there is no such file/],
    ['a directory', ['.'], undefined, 1, /cannot read \.: it is a directory/],
    ['an empty file', [], new Uint8Array(0), 1, /input is empty/],
    ['nothing on standard input', ['-'], undefined, 1, /standard input is empty/],
    ['no C37.118', [], Buffer.from('nothing of the kind, really'), 1, /has no C37\.118 to play/],
    ['an IDCODE that is not in it', ['--idcode', '7'], capture, 1, /has no stream of IDCODE 7\n.*it has 241/],
    ['an impossible speed', ['--speed', 'fast'], capture, 2, /a number, 0\.001 to 10000/],
    ['an impossible port', ['--port', '70000'], capture, 2, /a whole number, 0 to 65535/],
  ])('has one clear line for %s', async (_case, args, bytes, code, message) => {
    const path = bytes ? [await file('input', bytes)] : []
    const { stdout, stderr, exitCode } = await runCli(['replay', ...args, ...path], { cwd: folder })
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/ {4}at /)
  })
})
