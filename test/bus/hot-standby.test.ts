import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startRawPmu } from '../../judge/index.ts'
import { BrokerConfig, LiveConfig, StreamReader, startBus } from '../../src/bus/index.ts'
import { SourceConfig } from '../../src/config/source.ts'
import { startPmuAdapter } from '../../src/pmu-adapter/index.ts'
import { nodeTopic } from '../../src/streams/index.ts'
import { config2, dataAt, IDCODE } from '../support/blue-pmu.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { needs } from '../support/needs.ts'
import { StreamRecord } from '../support/stream-record.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const mosquitto = needs('mosquitto')
const at = { area: 'a', locationType: 't', locationId: 'l' }
const topic = 'a/t/l/PMU/765'
const retry = { firstDelayMs: 10, maxDelayMs: 50 }
const nodeOf = (nodeId: string): string => nodeTopic({ ...at, nodeId })

describe.skipIf(mosquitto.skip)(mosquitto.title('two PMU-adapters for one PMU'), () => {
  let broker: TestBroker
  let deps: TestDeps
  beforeEach(async () => {
    broker = await startMosquitto()
    deps = testDeps()
  })
  afterEach(async () => {
    await deps?.[Symbol.asyncDispose]()
    await broker?.[Symbol.asyncDispose]()
  })

  const connect = (url: string, nodeId: string, signal = deps.signal) =>
    deps.stops(startBus(BrokerConfig.parse({ url, retry }), { ...deps, signal, node: { ...at, nodeId } }))

  it('give every frame, also those of the moment in which one is killed; the other holds the stream online', async () => {
    const pmu = await startRawPmu({ configuration: config2 })
    const proxies = new Set<TcpProxy>()
    /** An adapter that can be killed: both its connections break, and neither comes back. */
    const adapt = async (nodeId: string): Promise<() => Promise<void>> => {
      const ways = await Promise.all([startTcpProxy(broker.url), startTcpProxy(`tcp://127.0.0.1:${pmu.port}`)])
      for (const way of ways) proxies.add(way)
      const source = SourceConfig.parse({ transport: ways[1].url, idcode: IDCODE, ask: [], settleMs: 1, retry })
      deps.stops(
        startPmuAdapter(
          { pmus: [{ topic, source, live: LiveConfig.parse({}) }] },
          { ...deps, buses: [connect(ways[0].url, nodeId)], node: nodeOf(nodeId) },
        ),
      )
      return async () => {
        for (const way of ways) proxies.delete(way)
        await Promise.all(ways.map((way) => way[Symbol.asyncDispose]()))
      }
    }
    const record = new StreamRecord()
    const reader = new StreamReader({ bus: connect(broker.url, 'consumer'), filter: 'a/#', sink: record.sink }, deps)
    try {
      await reader.granted
      const [killLeft] = await Promise.all([adapt('left'), adapt('right')])
      let sent = 0
      const timer = setInterval(() => pmu.send(dataAt(sent++)), 5)
      deps.signal.addEventListener('abort', () => clearInterval(timer))
      const counts = (): Map<string, number> => {
        const times = new Map<string, number>()
        for (const frame of record.data) {
          const key = Buffer.from(frame).toString('hex')
          times.set(key, (times.get(key) ?? 0) + 1)
        }
        return times
      }
      const isHeard = (nodeId: string): boolean =>
        record.states.some(({ node, online }) => online && node === nodeOf(nodeId))
      await record.until(() => isHeard('left') && isHeard('right') && record.data.length > 200)
      expect(record.stations).toEqual(['Blue PMU'])
      expect([...counts().values()].filter((times) => times === 2).length).toBeGreaterThan(50)

      const before = record.data.length
      await killLeft!()
      await record.until(() => record.data.length > before + 300)
      clearInterval(timer)
      const last = Buffer.from(dataAt(sent - 1)).toString('hex')
      await record.until(() => record.data.some((frame) => Buffer.from(frame).toString('hex') === last))

      const times = counts()
      const first = Buffer.from(record.data[0]!).toString('hex')
      const all = Array.from({ length: sent }, (_, n) => Buffer.from(dataAt(n)).toString('hex'))
      expect(all.slice(all.indexOf(first)).filter((frame) => !times.has(frame))).toEqual([])
      expect(Math.max(...times.values())).toBe(2)
      expect(record.online.filter(({ online }) => !online).map(({ reason }) => reason)).toEqual(['starting'])
      expect(record.stations).toEqual(['Blue PMU'])
    } finally {
      reader.close()
      await Promise.all([...proxies].map((proxy) => proxy[Symbol.asyncDispose]()))
      await pmu.close()
    }
  })
})
