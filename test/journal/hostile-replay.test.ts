import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerConfig, type Bus, startBus } from '../../src/bus/index.ts'
import { JournalSettings } from '../../src/config/journal.ts'
import { openJournal, startReplayServer } from '../../src/journal/index.ts'
import { RecoveryError, ReplayClient } from '../../src/recovery/index.ts'
import { replayTopic } from '../../src/streams/index.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { timeUsOf } from '../support/memory-journal.ts'
import { metricSum } from '../support/metric-sum.ts'
import { needs } from '../support/needs.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'

const stream = 'area/secondary-station/1156/PMU/765'
const configuration = smallPmu()
const frame = frameWriter(configuration)
const range = { fromUs: timeUsOf(frame(0)), toUs: timeUsOf(frame(0)) + 3_600_000_000 }
const periodMs = 20

const { skip, title } = needs('mosquitto')

describe.skipIf(skip)(title('hostile replay requests'), () => {
  let broker: TestBroker
  let folder: string
  let deps: TestDeps
  const connect = async (): Promise<Bus> => {
    const bus = deps.stops(startBus(BrokerConfig.parse({ url: broker.url }), deps))
    await new Promise<void>((resolve) => bus.onConnect(resolve))
    return bus
  }
  beforeAll(async () => {
    broker = await startMosquitto()
    folder = await mkdtemp(join(tmpdir(), 'phasorbus-hostile-'))
    deps = testDeps()
    const journal = deps.stops(await openJournal({ ...JournalSettings.parse({}), folder: join(folder, 'j') }, deps))
    const recorded = journal.stream(stream)
    recorded.sessionBegan()
    recorded.configuration(configurationFrames(configuration))
    for (let n = 0; n < 100_000; n++) recorded.data(frame(n))
    const config = {
      node: { area: 'area', locationType: 'secondary-station', locationId: '1156', nodeId: 'adapter' },
      bytesPerS: 4 * 1024 * 1024,
    }
    deps.stops(startReplayServer(config, { ...deps, buses: [await connect()], journal }))
  })
  afterAll(async () => {
    await deps?.[Symbol.asyncDispose]()
    await broker?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  it('hold up no live frame, starve no other consumer, and fill no memory', async () => {
    const live = await liveLine(await connect(), await connect())
    const steady = await live.run(75)
    const client = new ReplayClient({ bus: await connect() })
    await healed(client)

    const attack = startAttack(await Promise.all([connect(), connect(), connect()]))
    const before = heapBytes()
    const waiting: number[] = []
    const watch = setInterval(() => {
      void metricSum(deps.metrics, 'phasorbus_replay_waiting').then((value) => waiting.push(value))
    }, 50)
    let answers = 0
    let done = false
    const polite = (async () => {
      while (!done) if (await healed(client)) answers++
    })()
    const attacked = await live.run(150)
    done = true
    await polite
    clearInterval(watch)
    const grown = heapBytes() - before
    const sent = attack.stop()

    expect(sent).toBeGreaterThan(1000)
    expect(await metricSum(deps.metrics, 'phasorbus_replay_refused_total')).toBeGreaterThan(200)
    // Every live frame came (or the run would not have ended), in its order; what waits behind an attack waits seconds.
    expect(quantile(attacked, 0.9)).toBeLessThan(quantile(steady, 0.9) + 10 * periodMs)
    // A round of all who wait takes a second at most.
    expect(answers).toBeGreaterThanOrEqual(2)
    expect(Math.max(...waiting)).toBeLessThanOrEqual(256)
    expect(grown).toBeLessThan(24 * 1024 * 1024)
  })
})

/** One whole range, or busy. */
async function healed(client: ReplayClient): Promise<boolean> {
  const query = { ...range, toUs: range.fromUs + 2_000_000, maxBytes: 65_536 }
  try {
    const { frames } = await client.pull(stream, 'adapter', query, new AbortController().signal)
    expect(frames).toHaveLength(101)
    return true
  } catch (error) {
    if (error instanceof RecoveryError && error.code === 'RECOVERY_REFUSED') return false
    throw error
  }
}

/** 50 frames a second, and how many milliseconds each took. */
async function liveLine(producer: Bus, consumer: Bus) {
  const agesMs: number[] = []
  const sentMs: number[] = []
  let arrived = (): void => {}
  await consumer.subscribe(stream, (_topic, payload) => {
    const index = (timeUsOf(payload) - range.fromUs) / 20_000
    expect(index).toBe(agesMs.length)
    agesMs.push(performance.now() - sentMs[index]!)
    arrived()
  }).granted
  return {
    async run(count: number): Promise<readonly number[]> {
      const first = agesMs.length
      await new Promise<void>((resolve) => {
        arrived = () => {
          if (agesMs.length === first + count) resolve()
        }
        const timer = setInterval(() => {
          sentMs.push(performance.now())
          producer.publish(stream, frame(sentMs.length - 1), { qos: 1 })
          if (sentMs.length === first + count) clearInterval(timer)
        }, periodMs)
      })
      return agesMs.slice(first)
    },
  }
}

/** Thousands a second: the largest ranges under many names, requests that are wrong, and no requests at all. */
function startAttack(buses: readonly Bus[]) {
  let sent = 0
  const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
  const giant = (id: string, sequence: number) => ({
    contract: 1,
    id,
    sequence,
    from_us: 0,
    to_us: range.toUs,
    max_bytes: 2 ** 50,
  })
  const one = (n: number): readonly [string, Uint8Array] => {
    const topic = replayTopic(stream, 'adapter')
    switch (n % 6) {
      case 0:
        return [topic, text(giant('greedy', n))]
      case 1:
        return [topic, text(giant(`many-${n % 100}`, n))]
      case 2:
        return [topic, text({ ...giant('wrong', n), contract: n })]
      case 3:
        return [topic, randomBytes(200)]
      case 4:
        return [replayTopic(`area/secondary-station/1156/PMU/${n}`, 'adapter'), text(giant('guess', n))]
      default:
        return [topic, text({ ...giant('deep', n), cursor: '['.repeat(3000) })]
    }
  }
  const timer = setInterval(() => {
    for (let n = 0; n < 15; n++) {
      const [topic, payload] = one(sent++)
      buses[sent % buses.length]!.publish(topic, payload, { qos: 1 })
    }
  }, 5)
  return {
    stop(): number {
      clearInterval(timer)
      return sent
    },
  }
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * q)]!
