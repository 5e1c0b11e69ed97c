import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerConfig, StreamProducer, startBus } from '../../src/bus/index.ts'
import { stateTopic } from '../../src/streams/index.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { needs } from '../support/needs.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'
import { Watched } from '../support/watched.ts'

const mosquitto = needs('mosquitto')
const at = { area: 'a', locationType: 't', locationId: 'l' }
const topic = 'a/t/l/PMU/1'
const INTERVAL_MS = 20

interface Heard {
  /** `S`, `S/state/producer`, …, with a star where it was retained; data frames by their number. */
  readonly what: string | number
  readonly atMs: number
}

describe.skipIf(mosquitto.skip)(mosquitto.title("a stream on its way to the site's broker and the PoP's"), () => {
  let brokers: TestBroker[]
  let deps: TestDeps
  beforeEach(async () => {
    brokers = await Promise.all([startMosquitto(), startMosquitto()])
    deps = testDeps()
  })
  afterEach(async () => {
    await deps?.[Symbol.asyncDispose]()
    await Promise.all(brokers.map((each) => each[Symbol.asyncDispose]()))
  })

  const connect = (url: string, nodeId: string) =>
    deps.stops(
      startBus(BrokerConfig.parse({ url, retry: { firstDelayMs: 10, maxDelayMs: 50 } }), {
        ...deps,
        node: { ...at, nodeId },
      }),
    )

  /** A producer to both brokers, a frame every 20 ms, and a plain subscriber on each. */
  const open = async () => {
    const producer = new StreamProducer(
      { topic, buses: brokers.map(({ url }) => connect(url, 'producer')), node: 'a/t/l/NODE/producer' },
      deps,
    )
    const configuration = smallPmu()
    const frame = frameWriter(configuration)
    producer.configuration(configurationFrames(configuration))
    producer.state({ online: true, rate: 50 })
    const seen = new Watched()
    const size = frame(0).length
    const heard: Heard[][] = await Promise.all(
      brokers.map(async ({ url }, place) => {
        const list: Heard[] = []
        await connect(url, `reader-${place}`).subscribe('a/#', (to, payload, retained) => {
          if (to.includes('/NODE/')) return
          const isData = to === topic && payload.length === size
          const what = isData ? Buffer.from(payload).readUInt16BE(16) : to.replace(topic, 'S') + (retained ? '*' : '')
          list.push({ what, atMs: performance.now() })
          seen.changed()
        }).granted
        return list
      }),
    )
    const sentAt: number[] = []
    const timer = setInterval(() => {
      sentAt.push(performance.now())
      producer.data(frame(sentAt.length - 1))
    }, INTERVAL_MS)
    deps.signal.addEventListener('abort', () => clearInterval(timer))
    const data = (place: number): { readonly index: number; readonly atMs: number }[] =>
      heard[place]!.flatMap(({ what, atMs }) => (typeof what === 'number' ? [{ index: what, atMs }] : []))
    return {
      heard,
      data,
      sentAt,
      stop: () => clearInterval(timer),
      /** Resolves when this broker has so many more frames. */
      more(place: number, count: number): Promise<void> {
        const goal = data(place).length + count
        return seen.until(() => data(place).length >= goal)
      },
      /** Half of the frames were with the subscriber sooner than this, in ms. */
      medianLatency(place: number, from: number): number {
        const ages = data(place)
          .filter(({ index }) => index >= from)
          .map(({ index, atMs }) => atMs - sentAt[index]!)
        return ages.toSorted((a, b) => a - b)[Math.floor(ages.length / 2)]!
      },
    }
  }

  it('comes to both, whole and at once', async () => {
    const { data, more, stop, sentAt } = await open()
    await Promise.all([more(0, 50), more(1, 50)])
    stop()
    for (const place of [0, 1]) {
      const numbers = data(place).map(({ index }) => index)
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => numbers[0]! + i))
      expect(numbers.at(-1)! - sentAt.length).toBeGreaterThanOrEqual(-3)
    }
  })

  it.each([
    ['stands still', 'SIGSTOP'],
    ['is killed', 'SIGKILL'],
  ] as const)('is as whole and as fast at the one when the other %s', async (_what, signal) => {
    const { data, more, sentAt, medianLatency } = await open()
    await Promise.all([more(0, 100), more(1, 100)])
    const steady = medianLatency(1, 0)
    const from = sentAt.length
    process.kill(brokers[0]!.pid, signal)
    // Beyond the window of live frames, the dead connection and some tries to have it back.
    await more(1, 200)
    const numbers = data(1).map(({ index }) => index)
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => numbers[0]! + i))
    // A busy machine moves this by more than any wait for the other broker would be allowed to.
    expect(medianLatency(1, from)).toBeLessThan(Math.max(2 * steady, steady + 3))
    if (signal === 'SIGSTOP') process.kill(brokers[0]!.pid, 'SIGCONT')
  })

  it('begins anew at one that comes back with what is retained, and then the newest frame', async () => {
    const { heard, data, more, sentAt } = await open()
    await Promise.all([more(0, 10), more(1, 10)])
    process.kill(brokers[0]!.pid, 'SIGKILL')
    await more(1, 30)
    heard[0]!.length = 0
    await brokers[0]!.restart()
    const backAt = sentAt.length
    await more(0, 10)
    const news = heard[0]!.map(({ what }) => what)
    const first = news.findIndex((what) => typeof what === 'number')
    // The broker had forgotten; whoever subscribes now gets it from the producer.
    expect(news.slice(0, first).map((what) => String(what).replace('*', ''))).toEqual(
      expect.arrayContaining(['S', stateTopic('S', 'producer')]),
    )
    expect(data(0)[0]!.index).toBeGreaterThanOrEqual(backAt - 1)
    const numbers = data(1).map(({ index }) => index)
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => numbers[0]! + i))
  })
})
