import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerConfig, StreamProducer, startBus } from '../../src/bus/index.ts'
import type { Configuration } from '../../src/c37118/index.ts'
import { CONTRACT, nodeTopic, parseNodeState, parseStreamState, streamTopic } from '../../src/streams/index.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { quietDeps } from '../support/bus-harness.ts'
import { codeBlocks } from '../support/doc-code.ts'
import { needs } from '../support/needs.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'

const at = { area: 'south-italy-113', locationType: 'secondary-station', locationId: '1156' }
const topic = streamTopic({ ...at, dataType: 'PMU', producerId: '765' })
const [subscribeLine, readerLine] = codeBlocks('wire.md', 'sh')
const python = process.env.PHASORBUS_PYTHON ?? 'python3'

const needed = [needs('mosquitto'), needs('mosquitto_sub'), needs('python:paho.mqtt')]
const missing = needed.find(({ skip }) => skip)

describe.skipIf(missing !== undefined)(missing?.title('docs/wire.md') ?? 'docs/wire.md', () => {
  let broker: TestBroker
  let folder: string
  beforeAll(async () => {
    broker = await startMosquitto()
    folder = await mkdtemp(join(tmpdir(), 'phasorbus-wire-'))
    await writeFile(join(folder, 'reader.py'), codeBlocks('wire.md', 'python')[0]!)
  })
  afterAll(async () => {
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

  it('shows its messages with mosquitto_sub', async () => {
    await using source = await produce(broker, smallPmu())
    const lines = await read(shell(subscribeLine!), (all) => all.filter((line) => / 0 aa01/.test(line)).length >= 5)
    const data = lines.filter((line) => line.startsWith(`${topic} 0 aa01`)).map((line) => line.split(' ')[2])
    expect(data.length).toBeGreaterThanOrEqual(5)
    expect(source.sent).toEqual(expect.arrayContaining(data))
    expect(lines.find((line) => line.startsWith(`${topic} 1 aa31`))).toBe(
      `${topic} 1 ${Buffer.from(source.configuration).toString('hex')}`,
    )
    expect(lines.some((line) => line.startsWith(`${topic}/state/adapter 1 7b`))).toBe(true)
  })

  it.each([
    ['integer, rectangular', { polar: false, phasors: 'int16' }],
    ['integer, polar', { polar: true, phasors: 'int16' }],
    ['floating point, rectangular', { polar: false, phasors: 'float32' }],
    ['floating point, polar', { polar: true, phasors: 'float32' }],
  ] as const)('is read by its Python program: %s', async (_name, format) => {
    const small = smallPmu()
    const configuration: Configuration = {
      ...small,
      pmus: small.pmus.map((pmu) => ({
        ...pmu,
        format: { ...pmu.format, ...format },
        analogs: [{ name: 'A', type: 0, scale: 1 }],
        digitals: [{ labels: Array(16).fill('D'), normal: 0, valid: 1 }],
      })),
    }
    await using source = await produce(broker, configuration)
    const lines = await read(shell(readerLine!), (all) => all.length >= 5)
    // Frame n is of second n / 50 and has a first phasor of n V.
    for (const line of lines) {
      const [, time, size, magnitude] = /^\S+ IDCODE 7 (\d+\.\d+) (\d+) bytes (\d+\.\d)$/.exec(line) ?? []
      const index = Math.round((Number(time) - small.soc) * 50)
      expect([line.split(' ')[0], Number(size), Number(magnitude)]).toEqual([topic, source.size, index])
    }
  })

  it('gives JSON that is of this version', () => {
    const [stream, journal, pdc, node] = codeBlocks('wire.md', 'json').map((text) => JSON.parse(text))
    const bytesOf = (document: object): Uint8Array => new TextEncoder().encode(JSON.stringify(document))
    expect(parseStreamState(bytesOf(stream))).toMatchObject({ contract: CONTRACT, online: true, rate: 50 })
    // What a PDC's has beside it.
    expect(parseStreamState(bytesOf({ ...stream, journal, pdc }))).toMatchObject({ journal, pdc })
    expect(parseNodeState(bytesOf(node))).toMatchObject({ contract: CONTRACT, online: false, streams: [topic] })
  })
})

/** The stream of the page, 50 frames a second; the broker has what it retains. */
async function produce(broker: TestBroker, configuration: Configuration) {
  const stop = new AbortController()
  const node = { ...at, nodeId: 'adapter' }
  const deps = quietDeps(stop.signal)
  const bus = startBus(BrokerConfig.parse({ url: broker.url }), { ...deps, node })
  const producer = new StreamProducer({ topic, buses: [bus], node: nodeTopic(node) }, deps)
  const frame = frameWriter(configuration)
  const [cfg2] = configurationFrames(configuration)
  producer.configuration([cfg2!])
  producer.state({ online: true, rate: 50 })
  await new Promise<void>((resolve) => {
    // Producers were told of the connection first; acknowledgements come in order.
    bus.onConnect(() => bus.publish(`${at.area}/known`, new Uint8Array(0), { qos: 1 }, () => resolve()))
  })
  const sent: string[] = []
  const timer = setInterval(() => {
    const bytes = frame(sent.length)
    sent.push(Buffer.from(bytes).toString('hex'))
    producer.data(bytes)
  }, 20)
  return {
    sent,
    configuration: cfg2!,
    size: frame(0).length,
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      producer.retire()
      stop.abort()
      await bus.done
    },
  }
}

/** What a program prints until it is enough; then it is ended. */
async function read(child: ChildProcess, isEnough: (lines: readonly string[]) => boolean): Promise<string[]> {
  const lines: string[] = []
  const ended = new Promise((resolve) => child.once('exit', resolve))
  for await (const line of createInterface({ input: child.stdout! })) {
    lines.push(line)
    if (isEnough(lines)) break
  }
  child.kill('SIGKILL')
  await ended
  return lines
}
