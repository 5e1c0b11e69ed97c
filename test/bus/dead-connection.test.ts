import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BrokerConfig, startBus } from '../../src/bus/index.ts'
import { nodeStateTopic, nodeTopic, parseNodeState } from '../../src/streams/index.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { needs } from '../support/needs.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { Watched } from '../support/watched.ts'

const mosquitto = needs('mosquitto')
const node = { area: 'a', locationType: 't', locationId: 'l', nodeId: 'n' }
const NOTICED_MS = 3000

describe.skipIf(mosquitto.skip)(mosquitto.title('a dead connection'), () => {
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

  /** Tells when a subscription of it was granted and lost. */
  const connect = async (url: string) => {
    const bus = deps.stops(
      startBus(BrokerConfig.parse({ url, retry: { firstDelayMs: 10, maxDelayMs: 50 } }), { ...deps, node }),
    )
    const seen = new Watched()
    const [granted, lost]: [number[], number[]] = [[], []]
    const note = (list: number[]) => (): void => {
      list.push(performance.now())
      seen.changed()
    }
    bus.subscribe('a/x', () => {}, { onGranted: note(granted), onLost: note(lost) })
    await seen.until(() => granted.length === 1)
    return { bus, granted, lost, seen }
  }

  it('is noticed in time when the broker stands still and the network is silent', async () => {
    const { bus, lost, seen } = await connect(broker.url)
    const at = performance.now()
    process.kill(broker.pid, 'SIGSTOP')
    try {
      await seen.until(() => lost.length === 1)
    } finally {
      process.kill(broker.pid, 'SIGCONT')
    }
    expect(lost[0]! - at).toBeGreaterThan(1500)
    expect(lost[0]! - at).toBeLessThan(NOTICED_MS)
    expect(bus.connected).toBe(false)
  })

  it('is noticed in time when it falls silent over a subscription', async () => {
    await using proxy = await startTcpProxy(broker.url)
    const { bus, lost, seen } = await connect(proxy.url)
    proxy.stall()
    const at = performance.now()
    bus.subscribe('a/y', () => {})
    await seen.until(() => lost.length === 1)
    expect(performance.now() - at).toBeLessThan(NOTICED_MS)
  })

  it('is noticed at once when the broker is killed', async () => {
    const { lost, seen } = await connect(broker.url)
    const at = performance.now()
    process.kill(broker.pid, 'SIGKILL')
    await seen.until(() => lost.length === 1)
    expect(lost[0]! - at).toBeLessThan(500)
  })

  it('is noticed by the broker too, which then sends the will', async () => {
    await using proxy = await startTcpProxy(broker.url)
    await connect(proxy.url)
    const watcher = deps.stops(
      startBus(BrokerConfig.parse({ url: broker.url }), { ...deps, node: { ...node, nodeId: 'watcher' } }),
    )
    const heard = new Watched()
    let online: boolean | undefined
    await watcher.subscribe(nodeStateTopic(nodeTopic(node)), (_topic, payload) => {
      online = parseNodeState(payload).online
      heard.changed()
    }).granted
    await heard.until(() => online === true)
    const at = performance.now()
    proxy.stall()
    await heard.until(() => online === false)
    // Mosquitto 2.0 looks every five seconds.
    expect(performance.now() - at).toBeLessThan(NOTICED_MS + 5000)
  })

  it('is none while this process stands still itself', async () => {
    const { bus, lost } = await connect(broker.url)
    const until = performance.now() + 2700
    while (performance.now() < until);
    // Every answer of the broker is read by the end of two rounds of the loop.
    await new Promise<void>((resolve) => bus.publish('a/y', Uint8Array.of(1), { qos: 1 }, () => resolve()))
    expect(lost).toEqual([])
  })
})
