import { once } from 'node:events'
import { connect as tcpConnect } from 'node:net'
import { connectAsync, type MqttClient } from 'mqtt'
import mqttPacket from 'mqtt-packet'
import { afterEach, describe, expect, it } from 'vitest'
import { type EmbeddedBroker, EmbeddedBrokerConfig, startEmbeddedBroker } from '../../src/bus/index.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { Watched } from '../support/watched.ts'

const node = { area: 'a', locationType: 't', locationId: 'l', nodeId: 'n' }
const cleanUp: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of cleanUp.splice(0).reverse()) await close()
})

async function start(settings: object = {}) {
  const stop = new AbortController()
  const metrics = createMetrics()
  const config = EmbeddedBrokerConfig.parse({ listen: [{ transport: 'tcp', port: 0 }], ...settings })
  const broker: EmbeddedBroker = await startEmbeddedBroker(config, { signal: stop.signal, log: silentLog, metrics })
  cleanUp.push(() => {
    stop.abort()
    return broker.done
  })
  const refused = (reason: string): number =>
    metrics.counter('phasorbus_broker_refused_total', 'as the broker has it', { reason }).value
  return { broker, refused, port: broker.addresses[0]!.port, url: broker.addresses[0]!.url }
}

async function client(url: string, options: object = {}): Promise<MqttClient> {
  const made = await connectAsync(url, { reconnectPeriod: 0, ...options })
  cleanUp.push(() => made.endAsync(true))
  return made
}

const nextPayload = (from: MqttClient): Promise<Buffer> =>
  new Promise((resolve) => from.once('message', (_topic, payload) => resolve(payload)))

/** A TCP client that subscribes to everything and never reads again. */
async function stalledSubscriber(port: number) {
  const socket = tcpConnect({ port, host: '127.0.0.1' })
  cleanUp.push(async () => socket.destroy())
  await once(socket, 'connect')
  const packets = mqttPacket.parser()
  const acknowledged = new Promise<void>((resolve) =>
    packets.on('packet', ({ cmd }) => {
      if (cmd === 'suback') resolve()
    }),
  )
  socket.on('data', (bytes) => packets.parse(bytes))
  socket.write(
    mqttPacket.generate({ cmd: 'connect', clientId: 'stalled', clean: true, protocolId: 'MQTT', protocolVersion: 4 }),
  )
  socket.write(mqttPacket.generate({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'x/#', qos: 1 }] }))
  await acknowledged
  socket.removeAllListeners('data').pause()
  socket.on('error', () => {})
  return socket
}

describe('the embedded broker', () => {
  it('lets a subscriber go that does not read, and nobody else misses anything', async () => {
    const { broker, refused, port, url } = await start({ maxClientBufferBytes: 256 * 1024 })
    await stalledSubscriber(port)
    const good = await client(url)
    const watched = new Watched()
    let received = 0
    good.on('message', () => {
      received++
      watched.changed()
    })
    await good.subscribeAsync('x/#', { qos: 1 })
    const bus = broker.bus(node)
    const payload = new Uint8Array(4096)
    let sent = 0
    // The kernel's buffers take some megabytes first.
    while (refused('slow-client') === 0) {
      for (let burst = 0; burst < 50; burst++) bus.publish(`x/${sent++ % 10}`, payload, { qos: 1 })
      await watched.until(() => received === sent)
    }
    expect(received).toBe(sent)
    expect(refused('slow-client')).toBe(1)
    expect(sent * payload.length).toBeLessThan(64 * 1024 * 1024)
  })

  it('goes on taking publishes from others while a subscriber does not read', async () => {
    const { port, url } = await start()
    await stalledSubscriber(port)
    const [publisher, good] = [await client(url), await client(url)]
    const watched = new Watched()
    let received = 0
    good.on('message', () => {
      received++
      watched.changed()
    })
    await good.subscribeAsync('x/#', { qos: 1 })
    // More than the messages that aedes' own queue has under way at once.
    const payload = Buffer.alloc(60_000)
    for (let index = 0; index < 150; index++) await publisher.publishAsync('x/1', payload, { qos: 1 })
    await watched.until(() => received === 150)
    expect(received).toBe(150)
  })

  it.each(['GET / HT', ''])('ends a connection at the WebSocket port that goes no further than "%s"', async (begun) => {
    const { broker } = await start({ connectTimeoutMs: 100, listen: [{ transport: 'ws', port: 0 }] })
    const socket = tcpConnect({ port: broker.addresses[0]!.port, host: '127.0.0.1' })
    cleanUp.push(async () => socket.destroy())
    const ended = once(socket, 'close')
    socket.on('error', () => {}).resume()
    if (begun !== '') socket.write(begun)
    await ended
  })

  it('gives everybody what is published while something is given out, in the order it was published', async () => {
    const { broker, url } = await start()
    const bus = broker.bus(node)
    // As a PDC of this process answers to its last input.
    bus.subscribe('x/input', () => bus.publish('x/output', new Uint8Array([1]), { qos: 0 }))
    const subscriber = await client(url)
    const heard: string[] = []
    const watched = new Watched()
    subscriber.on('message', (topic) => {
      heard.push(topic)
      watched.changed()
    })
    await subscriber.subscribeAsync('x/#')
    await subscriber.subscribeAsync('x/output')
    for (let n = 0; n < 3; n++) bus.publish('x/input', new Uint8Array([n]), { qos: 0 })
    await watched.until(() => heard.filter((topic) => topic === 'x/output').length === 3)
    expect(heard).toEqual(Array(3).fill(['x/input', 'x/output']).flat())
  })

  it('gives a client what is retained for one subscription after the other, not for all of them at once', async () => {
    const { url } = await start()
    const [publisher, subscriber] = [await client(url), await client(url)]
    const topics = Array.from({ length: 100 }, (_, n) => `x/${n}`)
    for (const topic of topics) await publisher.publishAsync(topic, 'retained', { qos: 1, retain: true })
    const heard: string[] = []
    const watched = new Watched()
    subscriber.on('message', (topic) => {
      heard.push(topic)
      watched.changed()
    })
    await Promise.all([subscriber.subscribeAsync('x/#'), subscriber.subscribeAsync('x/+')])
    await watched.until(() => heard.length === 200)
    // Some of the first are read ahead.
    expect(heard.lastIndexOf('x/0')).toBeGreaterThan(60)
  })

  it('gives nobody as retained what was cleared while it waited to be sent', async () => {
    const { broker, url } = await start()
    const bus = broker.bus(node)
    const topics = Array.from({ length: 500 }, (_, n) => `x/${n}`)
    const retain = (text: string): void => {
      for (const topic of topics) bus.publish(topic, Buffer.from(text), { qos: 1, retain: true })
    }
    retain('kept')
    const subscriber = await client(url)
    const retained: string[] = []
    const watched = new Watched()
    let isOver = false
    subscriber.on('message', (topic, payload, packet) => {
      if (packet.retain && retained.push(payload.toString()) === 1) {
        retain('')
        bus.publish('x/over', Uint8Array.of(1), { qos: 1 })
      }
      isOver ||= topic === 'x/over'
      watched.changed()
    })
    await subscriber.subscribeAsync('x/#', { qos: 1 })
    await watched.until(() => isOver)
    expect(new Set(retained)).toEqual(new Set(['kept']))
  })

  it('counts what is no WebSocket yet among the connections', async () => {
    const { broker } = await start({ maxConnections: 3, listen: [{ transport: 'ws', port: 0 }] })
    const connect = () => {
      const socket = tcpConnect({ port: broker.addresses[0]!.port, host: '127.0.0.1' })
      cleanUp.push(async () => socket.destroy())
      return socket.on('error', () => {}).resume()
    }
    for (let open = 0; open < 3; open++) await once(connect(), 'connect')
    await once(connect(), 'close')
  })

  it('ends a WebSocket whose message is too large by its length, before it is gathered', async () => {
    const { url, broker } = await start({ maxPacketBytes: 10_000, listen: [{ transport: 'ws', port: 0 }] })
    const { port } = broker.addresses[0]!
    const socket = tcpConnect({ port, host: '127.0.0.1' })
    cleanUp.push(async () => socket.destroy())
    const ended = once(socket, 'close')
    let answer = ''
    socket
      .on('error', () => {})
      .on('data', (bytes) => {
        answer += bytes.toString('latin1')
      })
    const upgrade = [
      'GET / HTTP/1.1',
      `Host: ${new URL(url).host}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Protocol: mqtt',
    ]
    socket.write(`${upgrade.join('\r\n')}\r\n\r\n`)
    // The head of a binary message of 1 MB, masked, and nothing of it.
    socket.write(Buffer.from('82ff00000000000f424000000000', 'hex'))
    await ended
    // Close, 1009: message too big.
    expect(answer).toContain('\x88\x02\x03\xf1')
  })

  it('ends a connection whose packet is too large, before it is whole', async () => {
    const { refused, port } = await start({ maxPacketBytes: 10_000 })
    const socket = tcpConnect({ port, host: '127.0.0.1' })
    cleanUp.push(async () => socket.destroy())
    const connack = once(socket, 'data')
    socket.write(
      mqttPacket.generate({ cmd: 'connect', clientId: 'big', clean: true, protocolId: 'MQTT', protocolVersion: 4 }),
    )
    await connack
    const closed = once(socket, 'close')
    socket.on('error', () => {})
    const packet = mqttPacket.generate({
      cmd: 'publish',
      topic: 'x',
      payload: Buffer.alloc(10_001),
      qos: 0,
      dup: false,
      retain: false,
    })
    socket.write(packet.subarray(0, 100))
    await closed
    expect(refused('packet-too-large')).toBe(1)
  })

  it('takes no more connections than it may', async () => {
    const { refused, port, url } = await start({ maxConnections: 3 })
    for (let index = 0; index < 3; index++) await client(url)
    const socket = tcpConnect({ port, host: '127.0.0.1' })
    socket.on('error', () => {})
    await once(socket, 'close')
    expect(refused('too-many-connections')).toBe(1)
  })

  it('ends a connection that says nothing', async () => {
    const { port } = await start({ connectTimeoutMs: 50 })
    const socket = tcpConnect({ port, host: '127.0.0.1' })
    socket.on('error', () => {})
    await once(socket, 'close')
    expect(socket.bytesRead).toBe(0)
  })

  it('survives garbage', async () => {
    const { broker, port, url } = await start()
    for (const bytes of [
      Buffer.alloc(3000, 0xff),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(100),
      Buffer.of(0x10, 0x04, 0, 9),
    ]) {
      const socket = tcpConnect({ port, host: '127.0.0.1' })
      socket.on('error', () => {})
      socket.end(bytes)
      await once(socket, 'close')
    }
    const good = await client(url)
    const message = nextPayload(good)
    await good.subscribeAsync('x')
    broker.bus(node).publish('x', Uint8Array.of(1), { qos: 1 })
    expect(await message).toEqual(Buffer.of(1))
  })

  it('keeps no session, so nothing grows for a client that is away', async () => {
    const { broker, url } = await start()
    const options = { clean: false, clientId: 'comes-and-goes' }
    const first = await client(url, options)
    await first.subscribeAsync('x', { qos: 1 })
    await first.endAsync()
    const bus = broker.bus(node)
    for (let index = 0; index < 100; index++) bus.publish('x', Uint8Array.of(1), { qos: 1 })
    const second = await connectAsync(url, { reconnectPeriod: 0, ...options })
    cleanUp.push(() => second.endAsync(true))
    let received = 0
    second.on('message', () => received++)
    const message = nextPayload(second)
    await second.subscribeAsync('x', { qos: 1 })
    bus.publish('x', Uint8Array.of(2), { qos: 1 })
    expect(await message).toEqual(Buffer.of(2))
    expect(received).toBe(1)
  })

  it('takes no more retained messages than it may, and makes room when one is cleared', async () => {
    const { broker, refused } = await start({ maxRetained: 3 })
    const bus = broker.bus(node)
    const retain = (topic: string, size = 1): boolean =>
      bus.publish(topic, new Uint8Array(size), { qos: 1, retain: true })
    // The node's own state is the first.
    expect([retain('x/1'), retain('x/2'), retain('x/3')]).toEqual([true, true, false])
    expect([retain('x/1', 0), retain('x/3')]).toEqual([true, true])
    expect(refused('retained-full')).toBe(0)
  })

  it('delivers QoS 2, also from a client that repeats itself', async () => {
    const { url } = await start()
    const [publisher, subscriber] = [await client(url), await client(url)]
    const received: string[] = []
    const watched = new Watched()
    subscriber.on('message', (_topic, payload) => {
      received.push(payload.toString())
      watched.changed()
    })
    await subscriber.subscribeAsync('x', { qos: 2 })
    for (const text of ['one', 'two', 'three']) await publisher.publishAsync('x', text, { qos: 2 })
    await watched.until(() => received.length === 3)
    expect(received).toEqual(['one', 'two', 'three'])
  })

  it('refuses to listen on a port that is taken, and says which', async () => {
    const { port } = await start()
    await expect(start({ listen: [{ transport: 'tcp', port }] })).rejects.toMatchObject({
      facts: { code: 'BROKER_LISTEN_FAILED', host: '127.0.0.1', port },
    })
  })

  it('is open to this machine only, unless somebody says who may come', () => {
    const listen = [{ transport: 'tcp', host: '0.0.0.0', port: 0 }]
    expect(EmbeddedBrokerConfig.safeParse({ listen }).success).toBe(false)
    expect(EmbeddedBrokerConfig.safeParse({ listen, anonymous: true }).success).toBe(true)
    expect(EmbeddedBrokerConfig.safeParse({ listen, users: [{ username: 'a', password: 'b' }] }).success).toBe(true)
    expect(EmbeddedBrokerConfig.parse({}).listen.map(({ host }) => host)).toEqual(['127.0.0.1'])
  })
})
