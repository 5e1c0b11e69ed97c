import { describe, expect, it } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import { startRawPmu } from '../../judge/index.ts'
import { type Bus, EmbeddedBrokerConfig, LiveConfig, StreamReader, startEmbeddedBroker } from '../../src/bus/index.ts'
import { stampFrame } from '../../src/c37118/index.ts'
import { SourceConfig } from '../../src/config/source.ts'
import { startPmuAdapter } from '../../src/pmu-adapter/index.ts'
import { parseStreamState, type StreamState } from '../../src/streams/index.ts'
import { config2, config2Of, dataAt, IDCODE, ofIdcode } from '../support/blue-pmu.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { until } from '../support/until.ts'

const site = 'area/secondary-station/1'
const topicOf = (id: string) => `${site}/PMU/${id}`
const node = (nodeId: string) => ({ area: 'area', locationType: 'secondary-station', locationId: '1', nodeId })

/** Everything a reader of the whole site hears. */
async function listen(deps: TestDeps) {
  const broker = deps.stops(await startEmbeddedBroker(EmbeddedBrokerConfig.parse({ listen: [] }), deps))
  const states = new Map<string, StreamState>()
  const configurations: { stream: string; bytes: Uint8Array }[] = []
  const data: { stream: string; frame: Uint8Array }[] = []
  const reader = new StreamReader(
    {
      bus: broker.bus(node('reader')),
      filter: `${site}/#`,
      sink: {
        configuration: (stream, [bytes]) => configurations.push({ stream, bytes: bytes! }),
        data: (stream, frame) => data.push({ stream, frame }),
        state: (stream, state) => states.set(stream, state),
      },
    },
    deps,
  )
  await reader.granted
  const adapt = (pmus: readonly { id: string; source: object }[], signal = deps.signal) =>
    deps.stops(
      startPmuAdapter(
        {
          pmus: pmus.map(({ id, source }) => ({
            topic: topicOf(id),
            source: SourceConfig.parse({
              ask: [],
              settleMs: 1,
              retry: { firstDelayMs: 10, maxDelayMs: 20 },
              ...source,
            }),
            live: LiveConfig.parse({}),
          })),
        },
        { ...deps, signal, buses: [broker.bus(node('pmu-adapter'), signal)], node: `${site}/NODE/pmu-adapter` },
      ),
    )
  return { adapt, states, configurations, data, retained: () => retainedStates(broker.bus(node('late'))) }
}

/** What somebody learns who comes now. */
async function retainedStates(bus: Bus): Promise<Map<string, StreamState>> {
  const states = new Map<string, StreamState>()
  const subscription = bus.subscribe(`${site}/PMU/+/state/pmu-adapter`, (topic, payload) =>
    states.set(topic.slice(0, -'/state/pmu-adapter'.length), parseStreamState(payload)),
  )
  await subscription.granted
  subscription.close()
  return states
}

describe('a PMU-adapter', () => {
  it('carries a healthy PMU beside one that is not there and one whose saved configuration cannot be read', async () => {
    await using deps = testDeps()
    const { adapt, states, data } = await listen(deps)
    const pmu = await startRawPmu({ configuration: config2 })
    try {
      adapt([
        { id: 'healthy', source: { transport: `tcp://127.0.0.1:${pmu.port}`, idcode: IDCODE } },
        { id: 'away', source: { transport: `tcp://127.0.0.1:${await freePort()}`, idcode: 1 } },
        {
          id: 'unread',
          source: { transport: 'udp-spontaneous://127.0.0.1:0', idcode: 2, savedConfiguration: '/nonexistent.cfg' },
        },
      ])
      await pmu.on
      for (let n = 0; n < 10; n++) pmu.send(dataAt(n))
      await until(() => data.length === 10)
      expect(data.map(({ frame }) => Buffer.from(frame))).toEqual(
        Array.from({ length: 10 }, (_, n) => Buffer.from(dataAt(n))),
      )
      expect(states.get(topicOf('healthy'))).toMatchObject({ online: true, rate: 50 })
      await until(() => states.get(topicOf('away'))?.reason === 'LINK_CONNECT_FAILED')
      await until(() => states.get(topicOf('unread'))?.reason === 'LINK_SAVED_CONFIGURATION_BAD')
    } finally {
      await pmu.close()
    }
  })

  it('says why a stream is offline when its PMU hangs up, and that it is online when it is back', async () => {
    await using deps = testDeps()
    const { adapt, states } = await listen(deps)
    const state = () => states.get(topicOf('1'))
    const pmu = await startRawPmu({ configuration: config2 })
    adapt([{ id: '1', source: { transport: `tcp://127.0.0.1:${pmu.port}`, idcode: IDCODE } }])
    await pmu.on
    pmu.send(dataAt(0))
    await until(() => state()?.online === true)
    await pmu.close()
    await until(() => state()?.online === false)
    expect(state()?.reason).toMatch(/^LINK_/)
    const again = await startRawPmu({ configuration: config2, port: pmu.port })
    try {
      await again.on
      again.send(dataAt(1))
      await until(() => state()?.online === true)
    } finally {
      await again.close()
    }
  })

  it('publishes a configuration again only when it is another', async () => {
    await using deps = testDeps()
    const { adapt, configurations, data } = await listen(deps)
    const pmu = await startRawPmu({ configuration: config2 })
    try {
      adapt([{ id: '1', source: { transport: `tcp://127.0.0.1:${pmu.port}`, idcode: IDCODE } }])
      await pmu.on
      pmu.send(dataAt(0))
      // Unasked, as PMUs do: the same again, then another.
      pmu.send(config2)
      pmu.send(dataAt(1))
      pmu.send(config2Of(90))
      pmu.send(dataAt(2))
      await until(() => data.length === 3)
      expect(configurations.map(({ bytes }) => Buffer.from(bytes))).toEqual([
        Buffer.from(config2),
        Buffer.from(config2Of(90)),
      ])
    } finally {
      await pmu.close()
    }
  })

  it('lets nothing of another IDCODE onto the bus', async () => {
    await using deps = testDeps()
    const { adapt, data } = await listen(deps)
    const pmu = await startRawPmu({ configuration: config2 })
    try {
      adapt([{ id: '1', source: { transport: `tcp://127.0.0.1:${pmu.port}`, idcode: IDCODE } }])
      await pmu.on
      const mixed = Buffer.concat([ofIdcode(dataAt(0), 7), dataAt(1), ofIdcode(dataAt(2), 9), dataAt(3)])
      pmu.send(dataAt(0))
      await until(() => data.length === 1)
      pmu.write(mixed)
      await until(() => data.length === 3)
      expect(data.map(({ frame }) => Buffer.from(frame))).toEqual([0, 1, 3].map((n) => Buffer.from(dataAt(n))))
    } finally {
      await pmu.close()
    }
  })

  it('says that it stopped, in the turn in which it is told to, and no more after that', async () => {
    await using deps = testDeps()
    const { adapt, data, retained } = await listen(deps)
    const pmu = await startRawPmu({ configuration: config2 })
    try {
      const stop = new AbortController()
      const adapter = adapt(
        [
          { id: '1', source: { transport: `tcp://127.0.0.1:${pmu.port}`, idcode: IDCODE } },
          { id: 'away', source: { transport: `tcp://127.0.0.1:${await freePort()}`, idcode: 1 } },
        ],
        stop.signal,
      )
      await pmu.on
      pmu.send(dataAt(0))
      await until(() => data.length === 1)
      expect((await retained()).get(topicOf('1'))).toMatchObject({ online: true })
      stop.abort()
      pmu.send(dataAt(1))
      await adapter.done
      expect((await retained()).get(topicOf('1'))).toMatchObject({ online: false, reason: 'stopped', rate: 50 })
      expect((await retained()).get(topicOf('away'))).toMatchObject({ online: false, reason: 'stopped' })
      expect(data).toHaveLength(1)
    } finally {
      await pmu.close()
    }
  })

  it('gives no rate where DATA_RATE says none', async () => {
    await using deps = testDeps()
    const { adapt, states, data } = await listen(deps)
    const pmu = await startRawPmu({ configuration: withDataRate(0) })
    try {
      adapt([{ id: '1', source: { transport: `tcp://127.0.0.1:${pmu.port}`, idcode: IDCODE } }])
      await pmu.on
      pmu.send(dataAt(0))
      await until(() => data.length === 1)
      expect(states.get(topicOf('1'))).toMatchObject({ online: true, rate: null })
    } finally {
      await pmu.close()
    }
  })
})

function withDataRate(dataRate: number): Uint8Array {
  const frame = new Uint8Array(config2)
  new DataView(frame.buffer).setInt16(frame.length - 4, dataRate)
  stampFrame(frame, { soc: 0, fraction: 0 })
  return frame
}
