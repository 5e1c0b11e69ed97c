/** A node whose journal answers over two brokers, and a consumer that moves from one to the other. */
import { describe, expect, it } from 'vitest'
import type { Bus } from '../../src/bus/index.ts'
import { startReplayServer } from '../../src/journal/index.ts'
import { ReplayClient } from '../../src/recovery/index.ts'
import { config2 } from '../support/blue-pmu.ts'
import { startMosquitto } from '../support/brokers.ts'
import { overTcp } from '../support/bus-harness.ts'
import { MemoryBroker } from '../support/memory-bus.ts'
import { needs } from '../support/needs.ts'
import { heard } from '../support/replay-heard.ts'
import { frameAt, hexOf, isData, keep, STREAM, slot, temporaryFolder } from './support/kept.ts'

const FRAMES = 1000
const at = { area: 'area', locationType: 'secondary-station', locationId: '1' }
const range = { fromUs: slot(0), toUs: slot(FRAMES), maxBytes: 8192 }
const never = new AbortController().signal

/** A broker that a node and a consumer are connected to. */
interface Way extends AsyncDisposable {
  readonly node: Bus
  readonly consumer: Bus
}

async function inMemory(): Promise<Way> {
  const broker = new MemoryBroker()
  const [node, consumer] = [broker.connect(), broker.connect()]
  const lose = async (): Promise<void> => {
    for (const bus of [node, consumer]) bus.lose()
  }
  return { node, consumer, [Symbol.asyncDispose]: lose }
}

async function overMosquitto(): Promise<Way> {
  const broker = overTcp(await startMosquitto())
  const ends = await Promise.all(['adapter', 'consumer'].map((nodeId) => broker.join({ ...at, nodeId })))
  const [node, consumer] = ends.map(({ bus }) => bus)
  return {
    node: node!,
    consumer: consumer!,
    async [Symbol.asyncDispose]() {
      await broker[Symbol.asyncDispose]()
      await Promise.all(ends.map((end) => end.stop()))
    },
  }
}

const { skip, title } = needs('mosquitto')

describe.each([
  ['two brokers in memory', inMemory, false],
  [title('two Mosquittos'), overMosquitto, skip],
] as const)('a journal that answers over %s', (_name, open, isSkipped) => {
  it.skipIf(isSkipped)('ends over one a range that began over the other, every frame once', async () => {
    using folder = temporaryFolder()
    await using kept = await keep(folder.path, { settings: { segmentBytes: 16_384 } })
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    const frames = Array.from({ length: FRAMES }, (_, n) => frameAt(slot(n)))
    for (const frame of frames) writer.data(frame)
    await using second = await open()
    const got: Uint8Array[] = []
    let cursor: string | undefined
    {
      await using first = await open()
      const buses = [first.node, second.node]
      const { journal, deps } = kept
      deps.stops(startReplayServer({ node: { ...at, nodeId: 'adapter' }, bytesPerS: 1e9 }, { ...deps, buses, journal }))
      const client = new ReplayClient({ bus: first.consumer })
      await heard(client, STREAM, 'adapter')
      const answer = await client.pull(STREAM, 'adapter', range, never)
      got.push(...answer.frames)
      cursor = answer.cursor
    }
    expect(cursor).toBeDefined()
    const client = new ReplayClient({ bus: second.consumer })
    await heard(client, STREAM, 'adapter')
    while (cursor !== undefined) {
      const answer = await client.pull(STREAM, 'adapter', { ...range, cursor }, never)
      got.push(...answer.frames)
      cursor = answer.cursor
    }
    expect(got.filter(isData).map(hexOf)).toEqual(frames.map(hexOf))
  })
})
