import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import mqttPacket from 'mqtt-packet'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import { BrokerConfig, startBus } from '../../src/bus/index.ts'
import { startMosquitto, type TestBroker } from '../support/brokers.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { needs } from '../support/needs.ts'
import { Watched } from '../support/watched.ts'

const mosquitto = needs('mosquitto')
const node = { area: 'a', locationType: 't', locationId: 'l', nodeId: 'n' }

/** Two brokers stand for two nodes of a cluster: which of them a message went through is seen. */
describe.skipIf(mosquitto.skip)(mosquitto.title('a broker with several addresses'), () => {
  let nodes: TestBroker[]
  let deps: TestDeps
  beforeEach(async () => {
    nodes = await Promise.all([startMosquitto(), startMosquitto()])
    deps = testDeps()
  })
  afterEach(async () => {
    await deps?.[Symbol.asyncDispose]()
    await Promise.all(nodes.map((each) => each[Symbol.asyncDispose]()))
  })

  /** A bus with these addresses, and where its messages arrive. */
  const connect = async (urls: readonly string[], settings: object = {}) => {
    const retry = { firstDelayMs: 10, maxDelayMs: 50 }
    const bus = deps.stops(
      startBus(BrokerConfig.parse({ url: urls, retry, returnAfterS: 1, ...settings }), { ...deps, node }),
    )
    const seen = new Watched()
    const places: number[] = []
    const watchers = nodes.map((each) => startBus(BrokerConfig.parse({ url: each.url, retry }), deps))
    for (const [place, watcher] of watchers.entries()) {
      deps.stops(watcher)
      watcher.subscribe('a/x', () => {
        places.push(place)
        seen.changed()
      })
    }
    let connects = 0
    bus.onConnect(() => {
      connects++
      seen.changed()
    })
    const timer = setInterval(() => {
      bus.publish('a/x', Uint8Array.of(1), { qos: 1 })
      seen.changed()
    }, 20)
    deps.signal.addEventListener('abort', () => clearInterval(timer))
    /** Messages go by this node from now on. */
    const isAt = (place: number): Promise<void> => {
      places.length = 0
      return seen.until(() => places.length > 3 && places.slice(-3).every((each) => each === place))
    }
    return { bus, isAt, connects: () => connects, seen }
  }

  it('is reached by the first that works', async () => {
    const refusing = `mqtt://127.0.0.1:${await freePort()}`
    const { bus, isAt } = await connect([refusing, nodes[1]!.url, nodes[0]!.url])
    await isAt(1)
    expect(bus.name).toBe(refusing)
  })

  it('is left for the next when its node is killed, and returned to when that works again', async () => {
    const { isAt } = await connect(nodes.map(({ url }) => url))
    await isAt(0)
    process.kill(nodes[0]!.pid, 'SIGKILL')
    await isAt(1)
    await nodes[0]!.restart()
    await isAt(0)
  })

  it('is left for the next when its node stands still', async () => {
    const { isAt } = await connect(nodes.map(({ url }) => url))
    await isAt(0)
    process.kill(nodes[0]!.pid, 'SIGSTOP')
    try {
      await isAt(1)
    } finally {
      process.kill(nodes[0]!.pid, 'SIGCONT')
    }
    await isAt(0)
  })

  it('is left for the next when its node takes publishes and acknowledges none', async () => {
    await using node = await startMuteBroker()
    const begun = performance.now()
    const { isAt } = await connect([node.url, nodes[1]!.url])
    await isAt(1)
    expect(node.publishes()).toBeGreaterThan(0)
    expect(performance.now() - begun).toBeLessThan(5000)
  })

  it('is left in peace where it works while the nearest comes and goes', async () => {
    const { isAt, connects } = await connect(
      nodes.map(({ url }) => url),
      { returnAfterS: 300 },
    )
    await isAt(0)
    process.kill(nodes[0]!.pid, 'SIGKILL')
    await isAt(1)
    const before = connects()
    for (let round = 0; round < 5; round++) {
      await nodes[0]!.restart()
      process.kill(nodes[0]!.pid, 'SIGKILL')
    }
    await isAt(1)
    expect(connects()).toBe(before)
  })
})

/** What a cluster node is that lost the others: it takes everybody, answers pings, and acknowledges nothing. */
async function startMuteBroker(): Promise<AsyncDisposable & { readonly url: string; publishes(): number }> {
  const sockets = new Set<Socket>()
  let publishes = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
    const parser = mqttPacket.parser()
    parser.on('packet', ({ cmd }) => {
      if (cmd === 'connect') socket.write(mqttPacket.generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }))
      if (cmd === 'pingreq') socket.write(mqttPacket.generate({ cmd: 'pingresp' }))
      if (cmd === 'publish') publishes++
    })
    socket.on('data', (chunk) => parser.parse(chunk))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `mqtt://127.0.0.1:${port}`,
    publishes: () => publishes,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
