import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerConfig, startBus } from '../../src/bus/index.ts'
import { FrameType, frameTypeOf } from '../../src/c37118/index.ts'
import { startReplayServer } from '../../src/journal/index.ts'
import { parseReplayEnd, parseReplayRequest, replayRequestOf, replyOf, splitPayload } from '../../src/streams/index.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { codeBlocks } from '../support/doc-code.ts'
import { MemoryJournal, timeUsOf } from '../support/memory-journal.ts'
import { needs } from '../support/needs.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'

const stream = 'south-italy-113/secondary-station/1156/PMU/765'
const block = (language: string, has: string): string => {
  const found = codeBlocks('wire.md', language).filter((code) => code.includes(has))
  if (found.length !== 1) throw new Error(`${found.length} blocks of ${language} have ${has}`)
  return found[0]!
}
const python = process.env.PHASORBUS_PYTHON ?? 'python3'
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const epochs = [smallPmu(), smallPmu({ stn: 'Station B', phasors: 6, cfgcnt: 2 })]

const needed = [needs('mosquitto'), needs('mosquitto_sub'), needs('python:paho.mqtt')]
const missing = needed.find(({ skip }) => skip)

describe.skipIf(missing !== undefined)(missing?.title('docs/wire.md on replay') ?? 'docs/wire.md on replay', () => {
  let broker: TestBroker
  let folder: string
  let deps: TestDeps
  const journal = new MemoryJournal()
  beforeAll(async () => {
    broker = await startMosquitto()
    folder = await mkdtemp(join(tmpdir(), 'phasorbus-replay-'))
    await writeFile(join(folder, 'heal.py'), block('python', 'replay'))
    deps = testDeps()
    const bus = deps.stops(startBus(BrokerConfig.parse({ url: broker.url }), deps))
    const config = {
      node: { area: 'south-italy-113', locationType: 'secondary-station', locationId: '1156', nodeId: 'adapter' },
      bytesPerS: 1e9,
    }
    deps.stops(startReplayServer(config, { ...deps, buses: [bus], journal }))
    // Forty seconds of the first minute, five of another configuration, and one second after it.
    for (const [configuration, from, to] of [
      [epochs[0]!, 0, 2000],
      [epochs[1]!, 2000, 2250],
      [epochs[1]!, 3000, 3050],
    ] as const) {
      journal.add(stream, configurationFrames(configuration)[0]!)
      const frame = frameWriter(configuration)
      for (let n = from; n < to; n++) journal.add(stream, frame(n))
    }
    const fromUs = timeUsOf(frameWriter(epochs[1]!)(2249))
    journal.absent = [{ fromUs, toUs: fromUs + 1, verdict: 'not-received', reason: 'LINK_SILENT' }]
  })
  afterAll(async () => {
    await deps?.[Symbol.asyncDispose]()
    await broker?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const shell = (line: string): ChildProcess => {
    const { port } = new URL(broker.url)
    const here = line
      .trim()
      .replace(/\b1883\b/, port)
      .replace(/^python3/, python)
    return spawn('sh', ['-c', `exec ${here}`], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  }
  const ended = (child: ChildProcess) => new Promise<number | null>((resolve) => child.once('exit', resolve))

  it('shows an answer with mosquitto_sub and mosquitto_pub', async () => {
    const subscriber = shell(block('sh', 'reader-7f3a91/#'))
    const lines: string[] = []
    const whole = (async () => {
      for await (const line of createInterface({ input: subscriber.stdout! })) {
        lines.push(line)
        if (lines.some((each) => each.includes('/end ')) && new Set(lines).size >= 6) break
      }
    })()
    // Until the subscription is there, which does not say so.
    while (lines.length === 0) {
      expect(await ended(shell(block('sh', 'mosquitto_pub')))).toBe(0)
      await Promise.race([whole, new Promise((resolve) => setTimeout(resolve, 100))])
    }
    await whole
    subscriber.kill('SIGKILL')
    const topics = lines.map((line) => line.split(' ')[0]!)
    expect(topics.every((topic) => topic.startsWith('south-italy-113/reply/adapter/reader-7f3a91/1/'))).toBe(true)
    expect(new Set(topics.map((topic) => replyOf(topic)?.part))).toEqual(new Set([0, 1, 2, 3, 4, 'end']))
    for (const line of lines) {
      expect(Number(line.split(' ')[1])).toBeLessThanOrEqual(16_384)
    }
  })

  it('gives a whole range by its Python program', async () => {
    const child = shell(block('sh', 'heal.py'))
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout! })) lines.push(line)
    const { fromUs, toUs } = journal.absent[0]!
    expect(lines).toEqual(['2250 data frames in 2 answers', `${fromUs} ${toUs} not-received LINK_SILENT`])

    const bytes = await readFile(join(folder, 'healed.bin'))
    const written: Uint8Array[] = []
    expect(splitPayload(bytes, (frame) => written.push(frame))).toBe(true)
    const data = written.filter((frame) => frameTypeOf(frame) === FrameType.data)
    const [first, second] = epochs.map((epoch) => frameWriter(epoch))
    expect(data.map(hex)).toEqual(Array.from({ length: 2250 }, (_, n) => hex((n < 2000 ? first! : second!)(n))))
    const configurations = written.filter((frame) => frameTypeOf(frame) === FrameType.config2).map(hex)
    expect(new Set(configurations)).toEqual(new Set(epochs.map((epoch) => hex(configurationFrames(epoch)[0]!))))
    expect(written[0]).toEqual(Buffer.from(configurationFrames(epochs[0]!)[0]!))
  })

  it('gives JSON that is of this version', () => {
    const payload = (has: string) => new TextEncoder().encode(block('json', has))
    const message = / -m '(.*)'/.exec(block('sh', 'mosquitto_pub'))![1]!
    expect(parseReplayRequest(payload('"max_bytes"'))).toEqual(parseReplayRequest(new TextEncoder().encode(message)))
    expect(replayRequestOf(/ -t '(\S+)'/.exec(block('sh', 'mosquitto_pub'))![1]!)).toEqual({
      stream,
      nodeId: 'adapter',
    })
    expect(parseReplayEnd(payload('"through_us"'))).toMatchObject({
      stream,
      parts: 2,
      absent: [{ reason: 'LINK_SILENT' }],
    })
    expect(parseReplayEnd(payload('"error"'))).toMatchObject({ refused: 'busy' })
  })
})
