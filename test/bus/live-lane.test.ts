import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerConfig, StreamProducer, startBus } from '../../src/bus/index.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { quietDeps } from '../support/bus-harness.ts'
import { needs } from '../support/needs.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { Watched } from '../support/watched.ts'

const WINDOW_MS = 200
const INTERVAL_MS = 10
/** Frames of a window, with one of slack at each end and a timer's lateness. */
const MOST_UNACKNOWLEDGED = WINDOW_MS / INTERVAL_MS + 5

const mosquitto = needs('mosquitto')

describe.skipIf(mosquitto.skip)(mosquitto.title('a live lane to a broker that stalls without closing'), () => {
  let broker: TestBroker
  beforeAll(async () => {
    broker = await startMosquitto()
  })
  afterAll(() => broker?.[Symbol.asyncDispose]())

  const cases = ([0, 1] as const).flatMap((qos) =>
    (['the broker', 'the network'] as const).map((what) => ({ qos, what })),
  )

  it.each(cases)(
    'skips what is too late, and goes on with the newest: QoS $qos, $what hangs',
    async ({ qos, what }) => {
      await using line = await openLine(broker, qos, `stall-${qos}-${what === 'the broker' ? 'b' : 'n'}`)
      const [stall, resume] =
        what === 'the broker'
          ? [() => process.kill(broker.pid, 'SIGSTOP'), () => process.kill(broker.pid, 'SIGCONT')]
          : [line.proxy.stall, line.proxy.resume]

      await line.until(() => line.received.length >= 20)
      const before = line.sent.length
      stall()
      try {
        await line.until(() => line.skipped.length >= 40)
        expect(line.sent.length - before).toBeLessThanOrEqual(MOST_UNACKNOWLEDGED)
      } finally {
        resume()
      }
      const sentWhileStalled = line.sent.length
      await line.until(() => line.sent.length >= sentWhileStalled + 20)
      line.stop()
      await line.until(() => line.received.at(-1) === line.sent.at(-1))
      expect(line.received).toEqual(line.sent)
      expect(new Set([...line.sent, ...line.skipped]).size).toBe(line.sent.length + line.skipped.length)
    },
  )

  it.each([0, 1] as const)('sends nothing old after a reconnect: QoS %i', async (qos) => {
    await using line = await openLine(broker, qos, `reconnect-${qos}`)
    await line.until(() => line.received.length >= 20)
    line.proxy.stall()
    await line.until(() => line.skipped.length >= 1)
    const last = line.received.at(-1)!
    const newest = line.sent.at(-1)!
    // What lies in the sockets is lost with them; the library must not bring it back.
    line.proxy.cut()
    line.proxy.resume()
    await line.until(() => line.received.at(-1)! > newest)
    line.stop()
    const afterwards = line.received.filter((index) => index > last)
    expect(afterwards[0]).toBeGreaterThan(newest)
    expect(line.received).toEqual([...line.received].sort((a, b) => a - b))
    expect(new Set(line.received).size).toBe(line.received.length)
  })
})

/** A producer of a frame every 10 ms, through a proxy, and a plain subscriber on the broker itself. */
async function openLine(broker: TestBroker, qos: 0 | 1, name: string) {
  const proxy = await startTcpProxy(broker.url)
  const stop = new AbortController()
  const node = { area: name, locationType: 't', locationId: 'l', nodeId: 'n' }
  const connect = (url: string, nodeId: string) =>
    startBus(BrokerConfig.parse({ url, keepaliveS: 30, retry: { firstDelayMs: 10, maxDelayMs: 50 } }), {
      ...quietDeps(stop.signal),
      node: { ...node, nodeId },
    })
  const [bus, reader] = [connect(proxy.url, 'producer'), connect(broker.url, 'reader')]
  const topic = `${name}/t/l/PMU/1`
  const metrics = createMetrics()
  const producer = new StreamProducer(
    { topic, buses: [bus], node: `${name}/t/l/NODE/producer`, live: { qos, windowMs: WINDOW_MS } },
    { metrics },
  )
  const published = metrics.counter('phasorbus_live_published_total', 'as the lane has it', {
    stream: topic,
    broker: bus.name,
  })

  const configuration = smallPmu({ dataRate: 100 })
  const frame = frameWriter(configuration)
  const watched = new Watched()
  const [sent, skipped, received]: [number[], number[], number[]] = [[], [], []]
  const size = frame(0).length
  const subscription = reader.subscribe(topic, (_topic, payload) => {
    if (payload.length !== size) return
    received.push(Buffer.from(payload).readUInt16BE(16))
    watched.changed()
  })
  await subscription.granted
  await new Promise<void>((resolve) => bus.onConnect(resolve))
  producer.configuration(configurationFrames(configuration))

  let index = 0
  const timer = setInterval(() => {
    const already = published.value
    producer.data(frame(++index))
    ;(published.value > already ? sent : skipped).push(index)
    watched.changed()
  }, INTERVAL_MS)

  return {
    proxy,
    sent,
    skipped,
    received,
    until: (fits: () => boolean) => watched.until(fits),
    stop: () => clearInterval(timer),
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      stop.abort()
      await Promise.all([bus.done, reader.done])
      await proxy[Symbol.asyncDispose]()
    },
  }
}
