import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerConfig, StreamReader, startBus } from '../../src/bus/index.ts'
import type { Configuration } from '../../src/c37118/index.ts'
import { type SessionRecovery, startSessionRecovery } from '../../src/recovery/session-recovery.ts'
import { startMosquitto, startNats, startRabbitMq, type TestBroker } from '../support/brokers.ts'
import { testDeps } from '../support/deps.ts'
import { needs } from '../support/needs.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { Watched } from '../support/watched.ts'

const hex = (frame: Uint8Array): string => Buffer.from(frame).toString('hex')

/** What a consumer by session got, with the station of each frame's configuration. */
class Received extends Watched {
  readonly live: { readonly frame: string; readonly station: string }[] = []
  readonly late: { readonly frame: string; readonly station: string }[] = []
  readonly events: string[] = []

  note(to: 'live' | 'late', frame: Uint8Array, station: string): void {
    this[to].push({ frame: hex(frame), station })
    this.changed()
  }

  event(event: string): void {
    this.events.push(event)
    this.changed()
  }

  get frames(): string[] {
    return [...this.live, ...this.late].map(({ frame }) => frame)
  }
}

interface TestConsumer extends AsyncDisposable {
  readonly recovery: SessionRecovery
  readonly received: Received
  readonly proxy: TcpProxy
  stop(): Promise<void>
}

async function startTestConsumer(
  broker: TestBroker,
  clientId: string,
  filter: string,
  epochsFile?: string,
): Promise<TestConsumer> {
  const proxy = await startTcpProxy(broker.url)
  const deps = testDeps()
  const retry = { firstDelayMs: 10, maxDelayMs: 100 }
  const bus = deps.stops(startBus(BrokerConfig.parse({ url: broker.url, retry }), deps))
  const received = new Received()
  const recovery = startSessionRecovery(
    {
      broker: BrokerConfig.parse({ url: proxy.url, retry }),
      clientId,
      filters: [filter],
      consumer: 'test',
      ...(epochsFile === undefined ? {} : { epochsFile }),
    },
    {
      ...deps,
      bus,
      late: (_stream, frame, { configuration }) => {
        received.note('late', frame, configuration.pmus[0]!.stn)
        return true
      },
      onForgotten: () => received.event('forgotten'),
      onDrained: () => received.event('drained'),
    },
  )
  let station = ''
  const reader = new StreamReader(
    {
      bus: recovery.bus,
      filter,
      sink: {
        configuration: (_stream, _fragments, { pmus }) => {
          station = pmus[0]!.stn
          received.event(`configuration ${station}`)
        },
        data: (_stream, frame) => received.note('live', frame, station),
        lost: () => received.event('lost'),
      },
    },
    deps,
  )
  const stop = async (): Promise<void> => {
    reader.close()
    deps.abort()
    await recovery.done
    await bus.done
  }
  return {
    recovery,
    received,
    proxy,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      await proxy[Symbol.asyncDispose]()
    },
  }
}

/** A publisher that knows nothing of us: configuration retained, frames not, all on one topic. */
class PlainPublisher {
  readonly #client: MqttClient
  readonly #topic: string
  #write: (index: number) => Uint8Array = () => new Uint8Array()

  constructor(client: MqttClient, topic: string) {
    this.#client = client
    this.#topic = topic
  }

  async configure(configuration: Configuration): Promise<void> {
    this.#write = frameWriter(configuration)
    const payload = Buffer.concat(configurationFrames(configuration))
    await this.#client.publishAsync(this.#topic, payload, { qos: 1, retain: true })
  }

  /** Frames by number; gives them back as text. */
  async send(from: number, to: number): Promise<string[]> {
    const frames = Array.from({ length: to - from }, (_, index) => Buffer.from(this.#write(from + index)))
    await Promise.all(frames.map((frame) => this.#client.publishAsync(this.#topic, frame, { qos: 1 })))
    return frames.map(hex)
  }
}

/** NATS sends what was on its way when a connection was lost after what followed it: configurations too. */
for (const [program, name, start, keepsOrder] of [
  ['mosquitto', 'Mosquitto', startMosquitto, true],
  ['nats-server', 'NATS', () => startNats({ mqtt: 'ack_wait: "1s"' }), false],
  ['rabbitmq-server', 'RabbitMQ', startRabbitMq, true],
] as const) {
  describe.skipIf(needs(program).skip)(needs(program).title(`recovery: session on ${name}`), () => {
    let broker: TestBroker
    let client: MqttClient
    let count = 0
    beforeAll(async () => {
      broker = await start()
      client = await connectAsync(broker.url)
    })
    afterAll(async () => {
      await client?.endAsync(true)
      await broker?.[Symbol.asyncDispose]()
    })
    const place = () => {
      const area = `area-${++count}`
      const publisher = new PlainPublisher(client, `${area}/secondary-station/1156/PMU/7`)
      return { clientId: `consumer-${count}`, filter: `${area}/#`, publisher }
    }

    it('gives every frame once, live or late, with its configuration', async () => {
      const { clientId, filter, publisher } = place()
      await publisher.configure(smallPmu({ stn: 'Before' }))
      await using consumer = await startTestConsumer(broker, clientId, filter)
      const { received, proxy } = consumer
      await received.until(() => received.events.includes('drained'))
      const first = await publisher.send(0, 100)
      await received.until(() => received.live.length >= 100)

      proxy.stall()
      const second = await publisher.send(100, 600)
      await publisher.configure(smallPmu({ stn: 'After' }))
      const third = await publisher.send(600, 1100)
      proxy.cut()
      proxy.resume()
      await received.until(() => received.frames.length >= 1100)
      await received.until(() => received.events.filter((event) => event === 'drained').length === 2)
      const fourth = await publisher.send(1100, 1200)
      await received.until(() => received.frames.length >= 1200)

      expect(received.frames.toSorted()).toEqual([...first, ...second, ...third, ...fourth].toSorted())
      const old = new Set([...first, ...second])
      for (const { frame, station } of [...received.live, ...received.late]) {
        if (keepsOrder) expect(station).toBe(old.has(frame) ? 'Before' : 'After')
      }
      expect(received.live.map(({ frame }) => frame)).toEqual([...first, ...fourth])
    })

    it('knows over a restart which configuration a backlog begins with', async () => {
      const { clientId, filter, publisher } = place()
      const folder = await mkdtemp(join(tmpdir(), 'phasorbus-epochs-'))
      const file = join(folder, 'session.json')
      await publisher.configure(smallPmu({ stn: 'Before' }))
      {
        await using first = await startTestConsumer(broker, clientId, filter, file)
        await first.received.until(() => first.received.events.includes('drained'))
        await publisher.send(0, 10)
        await first.received.until(() => first.received.live.length >= 10)
      }
      const before = await publisher.send(10, 200)
      await publisher.configure(smallPmu({ stn: 'After' }))
      const after = await publisher.send(200, 400)
      await using second = await startTestConsumer(broker, clientId, filter, file)
      await second.received.until(() => second.received.events.includes('drained'))
      expect(second.received.late).toEqual([
        ...before.map((frame) => ({ frame, station: 'Before' })),
        ...after.map((frame) => ({ frame, station: 'After' })),
      ])
      expect(second.received.live).toEqual([])
      await rm(folder, { recursive: true })
    })

    it('asks for the configuration of a backlog whose publisher is silent now', async () => {
      const { clientId, filter, publisher } = place()
      {
        await using first = await startTestConsumer(broker, clientId, filter)
        await first.received.until(() => first.received.events.includes('drained'))
      }
      // Published by somebody whose session began after this was retained.
      await publisher.configure(smallPmu({ stn: 'Silent' }))
      {
        await using second = await startTestConsumer(broker, clientId, filter)
        await second.received.until(() => second.received.events.includes('drained'))
      }
      const frames = await publisher.send(0, 300)
      await using third = await startTestConsumer(broker, clientId, filter)
      await third.received.until(() => third.received.late.length >= 300)
      expect(third.received.late).toEqual(frames.map((frame) => ({ frame, station: 'Silent' })))
    })
  })
}
