import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerConfig, StreamReader, startFailoverBus } from '../../src/bus/index.ts'
import { RecoverySettings } from '../../src/config/recovery.ts'
import { ConsumerStreams } from '../../src/recovery/consumer-streams.ts'
import { startConsumer } from '../../src/recovery/index.ts'
import { SessionRemedy } from '../../src/recovery/session-remedy.ts'
import { monotonicMs } from '../../src/runtime/clock.ts'
import { accountedFor } from '../../src/streams/index.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { timeUsOf } from '../support/memory-journal.ts'
import { metricSum } from '../support/metric-sum.ts'
import { needs } from '../support/needs.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { RecordingConsumerSink } from './support/healing-line.ts'

const need = needs('mosquitto')
const retry = { firstDelayMs: 10, maxDelayMs: 100 }
/** What the broker keeps for a session while its consumer is away; it drops what comes then. */
const MOST_QUEUED = 500

interface ConsumeOptions {
  readonly others?: readonly string[]
  readonly closeAfterMs?: number
}

describe.skipIf(need.skip)(need.title('a consumer with recovery session'), () => {
  let mosquitto: TestBroker
  let publisher: MqttClient
  let folder: string
  let numbers = 0
  beforeAll(async () => {
    // Its own bound would be 1,000.
    mosquitto = await startMosquitto({ lines: [`max_queued_messages ${MOST_QUEUED}`] })
    publisher = await connectAsync(mosquitto.url)
    folder = await mkdtemp(join(tmpdir(), 'phasorbus-session-'))
  })
  afterAll(async () => {
    await publisher.endAsync(true)
    await mosquitto[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  /** A plain MQTT publisher: no journal, no state. It reaches every broker. */
  async function publish(...others: readonly MqttClient[]) {
    const publishers = [publisher, ...others]
    const soc = Math.floor(Date.now() / 1000) - 30
    const configuration = { ...smallPmu(), soc }
    const frame = frameWriter(configuration)
    const topic = `area/secondary-station/${++numbers}/PMU/1`
    const [config2] = configurationFrames(configuration)
    const toAll = (payload: Uint8Array, retain: boolean) =>
      Promise.all(publishers.map((one) => one.publishAsync(topic, Buffer.from(payload), { qos: 1, retain })))
    await toAll(config2!, true)
    return {
      topic,
      frame,
      times: (from: number, to: number) => Array.from({ length: to - from }, (_, n) => timeUsOf(frame(from + n))),
      configuration,
      async send(from: number, to: number) {
        for (let n = from; n < to; n++) await toAll(frame(n), false)
      },
      async sendTo(one: MqttClient, from: number, to: number) {
        for (let n = from; n < to; n++) await one.publishAsync(topic, Buffer.from(frame(n)), { qos: 1 })
      },
    }
  }

  /** The bus of a consumer, and its session at the first of these brokers. */
  function wayTo(deps: TestDeps, url: string, others: readonly string[] = []) {
    const urls = others.length > 0 ? [url, ...others] : [mosquitto.url]
    const brokers = urls.map((one) => BrokerConfig.parse({ url: one, retry }))
    const session = {
      broker: BrokerConfig.parse({ url, retry }),
      clientId: `session-consumer-${numbers}`,
      epochsFile: join(folder, `${numbers}`),
      standsIn: others.length > 0,
    }
    return { bus: deps.stops(startFailoverBus(brokers, deps)), session }
  }

  function consume(
    deps: TestDeps,
    topic: string,
    url: string,
    { others = [], closeAfterMs = 600_000 }: ConsumeOptions = {},
  ) {
    const sink = new RecordingConsumerSink()
    const recovery = RecoverySettings.parse({ mode: 'session', closeAfterMs })
    const consumer = deps.stops(
      startConsumer({ id: 'test', streams: [topic], recovery }, { ...deps, ...wayTo(deps, url, others), sink }),
    )
    return {
      sink,
      consumer,
      get account() {
        const account = consumer.accounts().get(topic)!
        expect(accountedFor(account)).toBe(account.expected)
        return account
      },
    }
  }

  /** A consumer that has had fifty live frames when its session's broker goes. */
  async function cutAfterFifty(
    deps: TestDeps,
    proxy: TcpProxy,
    stream: Awaited<ReturnType<typeof publish>>,
    options?: ConsumeOptions,
  ) {
    const it = consume(deps, stream.topic, proxy.url, options)
    await it.consumer.ready
    await stream.send(0, 50)
    await it.sink.until(() => it.sink.got.length === 50)
    proxy.stall()
    proxy.cut()
    return it
  }

  /** A consumer whose session's broker is away, and that has had so many live frames, the last by the next broker. */
  async function cutOff(deps: TestDeps, proxy: TcpProxy, second: MqttClient, nextUrl: string, live: number) {
    const stream = await publish(second)
    const it = await cutAfterFifty(deps, proxy, stream, { others: [nextUrl] })
    let sent = 50
    while (it.sink.times('live').length < live) await stream.send(sent, ++sent)
    return { stream, it, sent }
  }

  it('gets from the broker what came while it was cut off, beside what is live, each once', async () => {
    await using deps = testDeps()
    await using proxy = await startTcpProxy(mosquitto.url)
    const stream = await publish()
    const it = await cutAfterFifty(deps, proxy, stream)
    await stream.send(50, 400)
    proxy.resume()
    await until(() => proxy.connections > 0)
    await stream.send(400, 450)
    await it.sink.until(() => it.sink.got.length === 450)

    expect(it.sink.times().toSorted((a, b) => a - b)).toEqual(stream.times(0, 450))
    expect(it.sink.times('late')).toEqual(it.sink.times('late').toSorted((a, b) => a - b))
    expect(it.account).toMatchObject({ expected: 450, pending: 0, lost: {} })
  })

  it('takes nothing from the broker while the sink has no room', async () => {
    await using deps = testDeps()
    await using proxy = await startTcpProxy(mosquitto.url)
    const stream = await publish()
    const it = consume(deps, stream.topic, proxy.url)
    await it.consumer.ready
    await stream.send(0, 10)
    await it.sink.until(() => it.sink.got.length === 10)
    it.sink.room = 0
    proxy.stall()
    proxy.cut()
    await stream.send(10, 200)
    proxy.resume()
    // What is live comes by a lane of its own, from when that is there.
    let sent = 200
    while (it.sink.times('live').length < 20) await stream.send(sent, ++sent)
    expect(it.sink.times('late')).toEqual([])
    expect(it.account.pending).toBeGreaterThanOrEqual(190)
    it.sink.room = Number.POSITIVE_INFINITY
    await it.sink.until(() => it.sink.got.length === sent)
    expect(it.account).toMatchObject({ expected: sent, pending: 0, lost: {} })
  })

  it('gets what is live from the next broker while the one that keeps its session is away, each once', async () => {
    await using deps = testDeps()
    await using next = await startMosquitto()
    await using proxy = await startTcpProxy(mosquitto.url)
    const second = await connectAsync(next.url)
    const { stream, it, sent: sentBefore } = await cutOff(deps, proxy, second, next.url, 100)
    let sent = sentBefore
    proxy.resume()
    await until(() => it.sink.got.length === sent)
    // It can be reached again, and a publisher that has not noticed yet sends to the other one alone.
    await until(async () => (await metricSum(deps.metrics, 'phasorbus_session_draining')) === 0)
    await stream.sendTo(second, sent, sent + 50)
    sent += 50
    await it.sink.until(() => it.sink.got.length === sent)
    // Once it has frames the other one may go.
    await stream.send(sent, ++sent)
    await it.sink.until(() => it.sink.got.length === sent)
    await second.endAsync(true)
    await next[Symbol.asyncDispose]()
    await stream.sendTo(publisher, sent, sent + 50)
    sent += 50

    await it.sink.until(() => it.sink.got.length === sent)
    expect(it.sink.times().toSorted((a, b) => a - b)).toEqual(stream.times(0, sent))
    expect(it.account).toMatchObject({ expected: sent, pending: 0, lost: {} })
  })

  it('reads by the configuration of its own broker again, which the other one never had', async () => {
    await using deps = testDeps()
    await using next = await startMosquitto()
    await using proxy = await startTcpProxy(mosquitto.url)
    const second = await connectAsync(next.url)
    const { stream, it, sent: sentBefore } = await cutOff(deps, proxy, second, next.url, 60)
    let sent = sentBefore
    const [before] = configurationFrames(stream.configuration)
    await second.publishAsync(stream.topic, Buffer.from(before!), { qos: 1, retain: true })
    await second.endAsync(true)

    const changed = { ...stream.configuration, pmus: stream.configuration.pmus.map((pmu) => ({ ...pmu, cfgcnt: 7 })) }
    const [after] = configurationFrames(changed)
    const frame = frameWriter(changed)
    await publisher.publishAsync(stream.topic, Buffer.from(after!), { qos: 1, retain: true })
    proxy.resume()
    for (const to = sent + 50; sent < to; sent++) {
      await publisher.publishAsync(stream.topic, Buffer.from(frame(sent)), { qos: 1 })
    }
    await it.sink.until(() => it.sink.got.length === sent)
    expect(it.account).toMatchObject({ expected: sent, pending: 0, lost: {} })
  })

  it('calls lost what the broker forgot with its session, and nothing that comes afterwards', async () => {
    await using deps = testDeps()
    await using proxy = await startTcpProxy(mosquitto.url)
    const stream = await publish()
    // Nothing newer comes that would show what is missing: the clock does.
    const it = await cutAfterFifty(deps, proxy, stream, { closeAfterMs: 100 })
    await stream.send(50, 100)
    await until(() => it.account.pending >= 50)
    expect(it.account.lost).toEqual({})
    await mosquitto.restart()
    proxy.resume()
    await until(() => it.account.lost['session-forgotten'] !== undefined)
    const { expected, lost, pending } = it.account
    expect(lost).toEqual({ 'session-forgotten': expected - 50 - pending })
    expect(lost['session-forgotten']).toBeGreaterThanOrEqual(50)

    // It forgot what was retained, too.
    const [config2] = configurationFrames(stream.configuration)
    await publisher.publishAsync(stream.topic, Buffer.from(config2!), { qos: 1, retain: true })
    let sent = Math.ceil((Date.now() * 1000 - timeUsOf(stream.frame(0))) / 20_000)
    while (it.sink.got.length < 60) await stream.send(sent, ++sent)
    expect(it.sink.times().slice(0, 50)).toEqual(stream.times(0, 50))
    expect(it.account.lost).toEqual(lost)
  })

  it('calls lost what the broker dropped, once nothing of the session may still come', async () => {
    await using deps = testDeps()
    await using proxy = await startTcpProxy(mosquitto.url)
    const stream = await publish()
    const sink = new RecordingConsumerSink()
    const { bus, session } = wayTo(deps, proxy.url)
    // A consumer whose clock is the test's: what may still come is waited for longer than a test should last.
    const streams = new ConsumerStreams({
      consumer: 'test',
      ledger: RecoverySettings.parse({ closeAfterMs: 600_000 }),
      sink,
      held: undefined,
      metrics: deps.metrics,
      remedy: (hooks) =>
        deps.stops(new SessionRemedy(session, { ...deps, consumer: 'test', filters: [stream.topic], bus, hooks })),
    })
    const { remedy } = streams
    const reader = new StreamReader({ bus: remedy.bus, filter: stream.topic, sink: streams.sink() }, deps)
    deps.signal.addEventListener('abort', () => reader.close())
    const accountAt = (laterMs: number) => {
      remedy.tick({ nowMs: monotonicMs() + laterMs, utcMs: Date.now() + laterMs })
      return streams.accounts().get(stream.topic)!
    }
    const isDraining = async (): Promise<boolean> => (await metricSum(deps.metrics, 'phasorbus_session_draining')) === 1
    await reader.granted
    await stream.send(0, 50)
    await sink.until(() => sink.got.length === 50)
    proxy.stall()
    proxy.cut()
    await until(isDraining)
    let sent = 50 + MOST_QUEUED + 100
    await stream.send(50, sent)
    proxy.resume()
    await until(async () => !(await isDraining()))
    await stream.send(sent, ++sent)
    await sink.until(() => sink.times('live').at(-1) === timeUsOf(stream.frame(sent - 1)))

    const dropped = sent - sink.got.length
    // What had come before the cut, and was not acknowledged, was still among the broker's.
    expect(dropped).toBeGreaterThanOrEqual(100)
    expect(dropped).toBeLessThanOrEqual(150)
    expect(accountAt(0)).toMatchObject({ expected: sent, pending: dropped, lost: {} })
    expect(accountAt(60_000)).toMatchObject({ expected: sent, pending: 0, lost: { session: dropped } })
  })
})
