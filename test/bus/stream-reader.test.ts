import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  BrokerConfig,
  type Bus,
  type MessageHandler,
  StreamReader,
  type SubscribeOptions,
  startBus,
} from '../../src/bus/index.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { CONTRACT, encodeState, joinFrames, nodeStateTopic, stateTopic } from '../../src/streams/index.ts'
import { startAedes } from '../support/bus-harness.ts'
import { metricSum } from '../support/metric-sum.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'
import { StreamRecord } from '../support/stream-record.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { Watched } from '../support/watched.ts'

const topic = 'a/t/l/PMU/1'
const configuration = smallPmu()
const cfg2 = configurationFrames(configuration)[0]!
const frame = frameWriter(configuration)

/** A broker in one object: gives wildcards no retained messages when told so, as RabbitMQ does. */
class FakeBus extends Watched implements Bus {
  readonly name = 'fake'
  readonly connected = true
  readonly lagMs = 0
  readonly retained = new Map<string, Uint8Array>()
  readonly subscriptions = new Map<object, { filter: string; handler: MessageHandler; options: SubscribeOptions }>()
  readonly asked: string[] = []

  publish(): never {
    throw new Error('a reader does not publish')
  }

  subscribe(filter: string, handler: MessageHandler, options: SubscribeOptions = {}) {
    const subscription = { granted: Promise.resolve(), close: () => void this.subscriptions.delete(subscription) }
    this.subscriptions.set(subscription, { filter, handler, options })
    this.asked.push(filter)
    const retained = this.retained.get(filter)
    if (retained) queueMicrotask(() => this.subscriptions.has(subscription) && handler(filter, retained, true))
    this.changed()
    return subscription
  }

  onConnect = () => () => {}

  /** Delivers a message as the first subscription gets it. */
  deliver(to: string, payload: Uint8Array, retained = false): void {
    this.subscriptions.values().next().value!.handler(to, payload, retained)
  }

  /** Delivers a message to who asked for this very topic. */
  say(topic: string, payload: Uint8Array): void {
    for (const { filter, handler } of [...this.subscriptions.values()])
      if (filter === topic) handler(topic, payload, false)
  }

  reconnect(): void {
    for (const { options } of this.subscriptions.values()) options.onLost?.()
    for (const { options } of this.subscriptions.values()) options.onGranted?.()
  }

  get filters(): string[] {
    return [...this.subscriptions.values()].map(({ filter }) => filter)
  }
}

const stateOf = (node: string, reason?: string): Uint8Array =>
  encodeState({
    contract: CONTRACT,
    online: reason === undefined,
    ...(reason !== undefined && { reason }),
    rate: 50,
    node,
    journal: null,
  })
const nodeOf = (online: boolean, reason?: string): Uint8Array =>
  encodeState({
    contract: CONTRACT,
    online,
    ...(reason !== undefined && { reason }),
    since: '2026-01-01T00:00:00.000Z',
    brokers: [],
    streams: [],
  })

const open = (options: { filter?: string; maxStreams?: number } = {}) => {
  const bus = new FakeBus()
  const record = new StreamRecord()
  const metrics = createMetrics()
  const filter = options.filter ?? 'a/#'
  const reader = new StreamReader({ bus, sink: record.sink, ...options, filter }, { log: silentLog, metrics })
  cleanUp.push(() => reader.close())
  const dropped = (reason: string, stream = topic): number =>
    metrics.counter('phasorbus_reader_dropped_total', 'as the reader has it', { stream, reader: filter, reason }).value
  return { bus, record, reader, metrics, dropped }
}

const cleanUp: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const close of cleanUp.splice(0).reverse()) await close()
})

describe('a stream reader', () => {
  it('takes several frames in one message, and a configuration among them', () => {
    const { bus, record } = open()
    const other = smallPmu({ stn: 'OTHER', phasors: 6 })
    bus.deliver(topic, joinFrames([cfg2, frame(1), frame(2), configurationFrames(other)[0]!, frameWriter(other)(3)]))
    expect(record.decodedBy).toEqual(['Station A', 'Station A', 'OTHER'])
  })

  it('takes a configuration of several CFG-3 fragments', () => {
    const { bus, record } = open()
    const pmus = Array.from({ length: 300 }, (_, index) => ({
      ...smallPmu({ phasors: 20 }).pmus[0]!,
      stn: `PMU ${index}`,
    }))
    const large = { ...configuration, type: 5 as const, pmus }
    const fragments = configurationFrames(large)
    expect(fragments.length).toBeGreaterThan(1)
    bus.deliver(topic, joinFrames(fragments), true)
    bus.deliver(topic, frameWriter(large)(7))
    expect([record.stations, record.data.length]).toEqual([['PMU 0'], 1])
  })

  it('counts what is no live data frame, and goes on', () => {
    const { bus, record, dropped } = open()
    bus.deliver(topic, cfg2, true)
    const broken = Uint8Array.from(frame(1))
    broken[20]! ^= 1
    bus.deliver(topic, broken)
    bus.deliver(topic, Uint8Array.of(1, 2, 3))
    bus.deliver(topic, frame(1).subarray(0, 20))
    bus.deliver(topic, frame(2), true)
    bus.deliver(`${topic}/state/n`, Uint8Array.of(0x7b))
    bus.deliver(`${topic}/header`, Uint8Array.of(1))
    bus.deliver('a/t/l/PMU/1/unknown', frame(1))
    bus.deliver('a/other', frame(1))
    bus.deliver(topic, frame(3))
    expect(record.data).toEqual([frame(3)])
    expect(['bad-checksum', 'not-frames', 'retained-data', 'bad-state'].map((reason) => dropped(reason))).toEqual([
      1, 3, 1, 1,
    ])
  })

  it('follows no more streams than it may', () => {
    const { bus, record, dropped } = open({ maxStreams: 2 })
    for (let index = 0; index < 5; index++) bus.deliver(`a/t/l/PMU/${index}`, cfg2, true)
    expect([record.stations.length, dropped('too-many-streams', '')]).toEqual([2, 3])
  })

  it('asks for the exact topics of a stream it has no configuration of, and stops when it has it', async () => {
    const { bus, record } = open()
    bus.retained.set(topic, cfg2)
    bus.deliver(topic, frame(1))
    bus.deliver(topic, frame(2))
    await record.until(() => record.data.length === 2)
    expect(bus.asked).toEqual(expect.arrayContaining([topic, `${topic}/config-1`, `${topic}/header`]))
    // A live message over the second subscription is not for it: the first has it.
    for (const { filter, handler } of [...bus.subscriptions.values()].slice(1)) handler(filter, frame(3), false)
    expect(record.data).toHaveLength(2)
  })

  it('asks nothing where a configuration comes by itself', () => {
    const { bus } = open()
    bus.deliver(topic, frame(1))
    bus.deliver(topic, cfg2, true)
    bus.deliver(topic, frame(2))
    expect(bus.asked).toEqual(['a/#'])
  })

  it('follows no nodes that are none, whatever a state names', () => {
    const { bus, record, dropped } = open()
    const nodes = ['#', '+/+/+/NODE/+', 'x', '', 'a/t/l/PMU/n', 'a/t/l/NODE/other', 'a/t/l/NODE/n']
    for (const node of nodes) bus.deliver(stateTopic(topic, 'n'), stateOf(node))
    expect(bus.asked).toEqual(['a/#', 'a/t/l/NODE/n/state'])
    expect(dropped('bad-state')).toBe(6)
    expect(record.online).toEqual([{ online: true, reason: undefined }])
  })

  it('follows no more nodes of a stream than it may', () => {
    const { bus, record, dropped } = open()
    for (let n = 0; n < 20; n++) bus.deliver(stateTopic(topic, `n${n}`), stateOf(`a/t/l/NODE/n${n}`))
    expect([record.states.length, dropped('bad-state'), bus.asked.length]).toEqual([16, 4, 17])
  })

  it('holds a stream online while one of its nodes is, and says so', () => {
    const { bus, record } = open()
    const last = (): unknown => record.online.at(-1)
    const [left, right] = ['a/t/l/NODE/left', 'a/t/l/NODE/right']
    bus.deliver(stateTopic(topic, 'left'), stateOf(left))
    bus.deliver(stateTopic(topic, 'right'), stateOf(right))
    bus.say(nodeStateTopic(left), nodeOf(false, 'connection lost'))
    expect(last()).toEqual({ online: true, reason: undefined })
    bus.deliver(stateTopic(topic, 'right'), stateOf(right, 'LINK_SILENT'))
    expect(last()).toEqual({ online: false, reason: 'connection lost' })
    bus.say(nodeStateTopic(left), nodeOf(true))
    expect(last()).toEqual({ online: true, reason: undefined })
    bus.deliver(stateTopic(topic, 'left'), new Uint8Array(0))
    expect(last()).toEqual({ online: false, reason: 'LINK_SILENT' })
    expect(record.calls).toContain(`left ${topic} ${left}`)
    bus.deliver(stateTopic(topic, 'right'), new Uint8Array(0))
    expect(last()).toEqual({ online: false, reason: 'no node carries it' })
    expect(bus.filters).toEqual(['a/#'])
  })

  it('forgets a node that says nothing over another connection', () => {
    vi.useFakeTimers()
    try {
      const { bus, record } = open()
      const [left, right] = ['a/t/l/NODE/left', 'a/t/l/NODE/right']
      bus.deliver(stateTopic(topic, 'left'), stateOf(left))
      bus.deliver(stateTopic(topic, 'right'), stateOf(right))
      bus.reconnect()
      bus.deliver(stateTopic(topic, 'right'), stateOf(right), true)
      vi.advanceTimersByTime(29_000)
      expect(record.calls.some((call) => call.startsWith('left'))).toBe(false)
      vi.advanceTimersByTime(2_000)
      expect(record.calls.at(-1)).toBe(`left ${topic} ${left}`)
      expect(record.online.at(-1)).toEqual({ online: true, reason: undefined })
    } finally {
      vi.useRealTimers()
    }
  })

  it('believes nothing retained over what it heard live, as a broker may send it late', () => {
    const { bus, record } = open()
    bus.deliver(stateTopic(topic, 'n'), stateOf('a/t/l/NODE/n', 'stopped'))
    bus.deliver(stateTopic(topic, 'n'), stateOf('a/t/l/NODE/n'), true)
    expect(record.states.map(({ online }) => online)).toEqual([false])

    bus.deliver(topic, cfg2)
    bus.deliver(topic, new Uint8Array(0))
    bus.deliver(topic, cfg2, true)
    expect(record.calls.slice(-2)).toEqual([`configuration ${topic}`, `retired ${topic}`])
    bus.deliver(topic, cfg2)
    expect(record.calls.at(-1)).toBe(`configuration ${topic}`)
  })

  it('leaves no metrics of a stream that is retired', async () => {
    const { bus, metrics } = open()
    bus.deliver(topic, cfg2)
    bus.deliver(topic, frame(1))
    bus.deliver(topic, Uint8Array.of(1, 2, 3))
    expect(await metricSum(metrics, 'phasorbus_reader_frames_total')).toBe(1)
    bus.deliver(topic, new Uint8Array(0))
    expect(await metrics.expose()).not.toContain(topic)
  })

  it('gives nothing after it was closed', () => {
    const { bus, record, reader } = open()
    const { handler } = bus.subscriptions.values().next().value!
    reader.close()
    handler(topic, cfg2, true)
    expect([record.calls, bus.subscriptions.size]).toEqual([[], 0])
  })
})

describe('a connection that hangs', () => {
  it('is given up after its keepalive, and made anew when the broker answers again', async () => {
    const { broker } = await startAedes()
    const proxy = await startTcpProxy(broker.url)
    const stop = new AbortController()
    const config = BrokerConfig.parse({
      url: proxy.url,
      keepaliveS: 1,
      connectTimeoutMs: 300,
      retry: { firstDelayMs: 10, maxDelayMs: 50 },
    })
    const bus = startBus(config, {
      signal: stop.signal,
      log: silentLog,
      metrics: createMetrics(),
      node: { area: 'a', locationType: 't', locationId: 'l', nodeId: 'n' },
    })
    cleanUp.push(async () => {
      stop.abort()
      await bus.done
      await proxy[Symbol.asyncDispose]()
      await broker[Symbol.asyncDispose]()
    })
    const watched = new Watched()
    let [granted, lost] = [0, 0]
    bus.subscribe('a/x', () => {}, {
      onGranted: () => {
        granted++
        watched.changed()
      },
      onLost: () => {
        lost++
        watched.changed()
      },
    })
    await watched.until(() => granted === 1)
    proxy.stall()
    await watched.until(() => lost === 1)
    expect(bus.connected).toBe(false)
    proxy.resume()
    await watched.until(() => granted === 2)
    expect(bus.connected).toBe(true)
  })
})
