import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connectAsync, type MqttClient } from 'mqtt'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { EmbeddedBrokerConfig, startEmbeddedBroker } from '../../src/bus/index.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'

async function brokerOn(deps: TestDeps, settings: object = {}) {
  const config = EmbeddedBrokerConfig.parse({
    listen: [
      { transport: 'tcp', port: 0 },
      { transport: 'ws', port: 0 },
    ],
    ...settings,
  })
  const broker = deps.stops(await startEmbeddedBroker(config, deps))
  const [tcp, ws] = broker.addresses
  const refused = (reason: string): number =>
    deps.metrics.counter('phasorbus_broker_refused_total', 'as the broker has it', { reason }).value
  return { broker, tcp: tcp!.url, ws: ws!.url, refused }
}

async function client(url: string, options: object = {}): Promise<MqttClient> {
  const made = await connectAsync(url, { reconnectPeriod: 0, ...options })
  onTestFinished(() => made.endAsync(true))
  return made
}

/** A server whose upgrades go to the broker, for readers. */
async function readersServer(
  upgrade: Awaited<ReturnType<typeof brokerOn>>['broker']['readers'],
  mayRead: (password: Uint8Array | undefined) => boolean,
) {
  const server = createServer()
  server.on('upgrade', upgrade({ mayRead, isLoopback: true }).upgrade)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A client of which the test writes the packets itself; the broker has answered its CONNECT. */
async function connectedSocket(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, 'mqtt')
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  socket.send(Buffer.from('101000044d5154540402003c000474657374', 'hex'))
  await once(socket, 'message')
  return socket
}

const nextMessage = (from: MqttClient): Promise<{ readonly topic: string; readonly text: string }> =>
  new Promise((resolve) => from.once('message', (topic, payload) => resolve({ topic, text: payload.toString() })))
const closedOf = (of: MqttClient): Promise<void> => new Promise((resolve) => of.once('close', () => resolve()))

/** HTTP status of an upgrade, 101 if it was granted. */
async function upgraded(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const socket = new WebSocket(url, 'mqtt', { headers })
  onTestFinished(() => socket.terminate())
  socket.on('error', () => {})
  return Promise.race([
    once(socket, 'open').then(() => 101),
    once(socket, 'unexpected-response').then(([, response]) => (response as { statusCode: number }).statusCode),
  ])
}

/** Whether a message reaches a subscriber that others' messages reach. */
async function arrives(subscriber: MqttClient, publish: () => void, other: MqttClient): Promise<boolean> {
  const seen: string[] = []
  subscriber.on('message', (topic) => seen.push(topic))
  publish()
  await other.publishAsync('x/after', 'after', { qos: 1 })
  while (!seen.includes('x/after')) await nextMessage(subscriber)
  return seen.some((topic) => topic !== 'x/after')
}

describe('who may only read', () => {
  it('gets what is published, and publishes nothing: its connection ends, its will is not told', async () => {
    await using deps = testDeps()
    const users = [
      { username: 'adapter', password: 'a' },
      { username: 'onlooker', password: 'o', access: 'read' },
    ]
    const { tcp, refused } = await brokerOn(deps, { users })
    const adapter = await client(tcp, { username: 'adapter', password: 'a' })
    await adapter.subscribeAsync('x/#')
    const will = { topic: 'x/will', payload: 'w', qos: 0, retain: true }
    const onlooker = await client(tcp, { username: 'onlooker', password: 'o', will })
    await onlooker.subscribeAsync('x/#')
    const message = nextMessage(onlooker)
    await adapter.publishAsync('x/1', 'one', { qos: 1 })
    expect((await message).text).toBe('one')

    const closed = closedOf(onlooker)
    expect(
      await arrives(
        adapter,
        () => onlooker.publish('x/mine', 'no', { retain: true }),
        await client(tcp, { username: 'adapter', password: 'a' }),
      ),
    ).toBe(false)
    await closed
    const late = await client(tcp, { username: 'adapter', password: 'a' })
    const retained: string[] = []
    late.on('message', (topic) => retained.push(topic))
    await late.subscribeAsync('x/#')
    await late.publishAsync('x/end', '', { qos: 1 })
    while (!retained.includes('x/end')) await nextMessage(late)
    expect(retained).toEqual(['x/end'])
    expect(refused('read-only')).toBeGreaterThan(0)
  })

  it('comes in by an HTTP server of somebody else, with the password that this one takes', async () => {
    await using deps = testDeps()
    const { broker, tcp, refused } = await brokerOn(deps, { users: [{ username: 'adapter', password: 'a' }] })
    const port = await readersServer(broker.readers, (password) => String(password) === 'token')
    const url = `ws://127.0.0.1:${port}`
    await expect(client(url, { username: 'adapter', password: 'a' })).rejects.toThrow(
      /[Bb]ad user|Not authorized|Connection refused/,
    )
    const reader = await client(url, { username: 'dashboard', password: 'token' })
    await reader.subscribeAsync('x/#')
    const adapter = await client(tcp, { username: 'adapter', password: 'a' })
    const message = nextMessage(reader)
    await adapter.publishAsync('x/1', 'one', { qos: 1 })
    expect((await message).text).toBe('one')
    const closed = closedOf(reader)
    reader.publish('x/mine', 'no')
    await closed
    expect(refused('read-only')).toBe(1)
  })
})

describe('a client that asks for much', () => {
  it('has so many filters, and the broker goes on meanwhile: 256 of one that may only read', async () => {
    await using deps = testDeps()
    const { broker, tcp, refused } = await brokerOn(deps, { maxFilters: 1000 })
    const port = await readersServer(broker.readers, () => true)
    const reader = await client(`ws://127.0.0.1:${port}`)
    const filters = Array.from({ length: 20_000 }, (_, n) => `x${n}/+`)
    const granted = await reader
      .subscribeAsync(filters, { qos: 0 })
      .catch((error: { readonly message: string }) => error.message)
    expect(JSON.stringify(granted)).toMatch(/128|[Uu]nspecified/)
    expect(refused('too-many-filters')).toBe(20_000 - 256)
    await reader.unsubscribeAsync(filters.slice(0, 10))
    await reader.subscribeAsync('x/again')
    const writer = await client(tcp)
    const message = nextMessage(reader)
    await writer.publishAsync('x/again', 'yes')
    expect((await message).text).toBe('yes')
  })

  it('is let go when it subscribes again and again, however it packs that; others have their turn meanwhile', async () => {
    await using deps = testDeps()
    const { broker, tcp, refused } = await brokerOn(deps)
    const writer = await client(tcp)
    for (let n = 0; n < 1000; n++) writer.publish(`x/${n}/state`, 'retained', { qos: 0, retain: true })
    await writer.publishAsync('x/last', 'retained', { qos: 1, retain: true })
    const port = await readersServer(broker.readers, () => true)
    const socket = await connectedSocket(port)
    socket.on('error', () => {})
    const closed = once(socket, 'close')
    let turns = 0
    const other = setInterval(() => turns++, 1)
    // SUBSCRIBE to #, 150,000 times in one message.
    socket.send(Buffer.alloc(150_000 * 8, Buffer.from('8206000100012300', 'hex')))
    await closed
    clearInterval(other)
    expect([refused('too-many-subscriptions'), turns > 0]).toEqual([1, true])
    await writer.publishAsync('x/after', 'still here', { qos: 1 })
  })

  it('is let go by its address: another connection gives it nothing more to ask', async () => {
    await using deps = testDeps()
    const { broker, refused } = await brokerOn(deps)
    const port = await readersServer(broker.readers, () => true)
    // SUBSCRIBE to #.
    const subscribe = (times: number): Buffer => Buffer.alloc(times * 8, Buffer.from('8206000100012300', 'hex'))
    const first = await connectedSocket(port)
    let answered = 0
    const granted = new Promise<void>((resolve) => {
      first.on('message', (bytes: Buffer) => {
        answered += bytes.length
        // A SUBACK has 5 bytes.
        if (answered === 500 * 5) resolve()
      })
    })
    first.send(subscribe(500))
    await granted
    first.terminate()
    const second = await connectedSocket(port)
    const closed = once(second, 'close')
    second.send(subscribe(500))
    await closed
    expect(refused('too-many-subscriptions')).toBe(1)
  })

  it('takes no turn for itself with many small packets', async () => {
    await using deps = testDeps()
    const { broker } = await brokerOn(deps)
    const port = await readersServer(broker.readers, () => true)
    const socket = await connectedSocket(port)
    let [answered, turns] = [0, 0]
    const look = (): void => {
      turns++
      if (answered < 200_000) setImmediate(look)
    }
    setImmediate(look)
    const all = new Promise<void>((resolve) => {
      socket.on('message', (bytes: Buffer) => {
        answered += bytes.length
        if (answered >= 200_000) resolve()
      })
    })
    // PINGREQ.
    socket.send(Buffer.alloc(200_000, Buffer.from('c000', 'hex')))
    await all
    expect([answered, turns >= 200_000 / 16_384]).toEqual([200_000, true])
  })

  it('cannot take the place of another user’s client by its id', async () => {
    await using deps = testDeps()
    const users = [
      { username: 'adapter', password: 'a' },
      { username: 'onlooker', password: 'o', access: 'read' },
    ]
    const { broker, tcp } = await brokerOn(deps, { users })
    const port = await readersServer(broker.readers, () => true)
    const adapter = await client(tcp, { username: 'adapter', password: 'a', clientId: 'adapter-1' })
    const lost: string[] = []
    adapter.on('close', () => lost.push('closed'))
    await client(`ws://127.0.0.1:${port}`, { clientId: 'adapter-1' })
    await expect(client(tcp, { username: 'onlooker', password: 'o', clientId: 'adapter-1' })).rejects.toThrow()
    await adapter.publishAsync('x', 'still here', { qos: 1 })
    expect(lost).toEqual([])
    // Its own user comes anew when its connection is lost without a word.
    const again = await client(tcp, { username: 'adapter', password: 'a', clientId: 'adapter-1' })
    await again.publishAsync('x', 'again', { qos: 1 })
  })
})

describe('a web page', () => {
  it('may connect where it comes from, and from where the broker was told; no other one', async () => {
    await using deps = testDeps()
    const { ws, refused } = await brokerOn(deps, { origins: ['https://control.example:8443'] })
    const { host, port } = new URL(ws)
    expect(await upgraded(ws, { origin: `http://${host}` })).toBe(101)
    expect(await upgraded(ws, { origin: 'https://control.example:8443' })).toBe(101)
    expect(await upgraded(ws, {})).toBe(101)
    expect(refused('foreign-page')).toBe(0)
    for (const origin of [
      'https://evil.example',
      'null',
      'https://control.example',
      `http://127.0.0.1:${Number(port) + 1}`,
      `http://${host}.evil.example`,
    ])
      expect([origin, await upgraded(ws, { origin })]).toEqual([origin, 403])
    expect(refused('foreign-page')).toBe(5)
  })

  it('is refused at a loopback address that it reached by a name of its own', async () => {
    await using deps = testDeps()
    const { ws } = await brokerOn(deps)
    const { port } = new URL(ws)
    expect(await upgraded(ws, { origin: `http://rebound.example:${port}`, host: `rebound.example:${port}` })).toBe(403)
  })
})
