import { describe, expect, it } from 'vitest'
import { type RawPmu, startRawPmu } from '../../judge/index.ts'
import { type Bus, EmbeddedBrokerConfig, LiveConfig, startEmbeddedBroker } from '../../src/bus/index.ts'
import { SourceConfig } from '../../src/config/source.ts'
import type { Journal } from '../../src/journal/index.ts'
import { startPmuAdapter } from '../../src/pmu-adapter/index.ts'
import { parseStreamState, stateTopic } from '../../src/streams/index.ts'
import { hexOf, isData, keep, readAll, STREAM, temporaryFolder, usOf, verdictAt } from '../journal/support/kept.ts'
import { config2, config2Of, dataAt, IDCODE } from '../support/blue-pmu.ts'
import { testDeps } from '../support/deps.ts'
import { until } from '../support/until.ts'

const site = { area: 'area', locationType: 'secondary-station', locationId: '1' }
const NODE = 'area/secondary-station/1/NODE/adapter'

/** An adapter of one PMU, with a journal that outlives it. */
async function adapterOf(port: number, journal: Journal) {
  const deps = testDeps()
  const broker = deps.stops(await startEmbeddedBroker(EmbeddedBrokerConfig.parse({ listen: [] }), deps))
  const stop = new AbortController()
  const source = {
    transport: `tcp://127.0.0.1:${port}`,
    idcode: IDCODE,
    ask: [],
    settleMs: 1,
    retry: { firstDelayMs: 10, maxDelayMs: 20 },
  }
  const config = { pmus: [{ topic: STREAM, source: SourceConfig.parse(source), live: LiveConfig.parse({}) }] }
  const bus = broker.bus({ ...site, nodeId: 'adapter' }, stop.signal)
  const adapter = startPmuAdapter(config, { ...deps, signal: stop.signal, buses: [bus], node: NODE, journal })
  return {
    listener: broker.bus({ ...site, nodeId: 'listener' }),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await adapter.done
      await deps[Symbol.asyncDispose]()
    },
  }
}

async function sending(pmu: RawPmu, frames: readonly Uint8Array[]): Promise<void> {
  await pmu.on
  for (const frame of frames) pmu.send(frame)
}

async function spanSaid(bus: Bus): Promise<{ from: string; to: string } | null> {
  let said: { from: string; to: string } | null = null
  const subscription = bus.subscribe(stateTopic(STREAM, 'adapter'), (_, payload) => {
    said = parseStreamState(payload).journal
  })
  await subscription.granted
  subscription.close()
  return said
}

const frames = (from: number, to: number): Uint8Array[] => Array.from({ length: to - from }, (_, i) => dataAt(from + i))

describe('a PMU-adapter with a journal', () => {
  it('keeps every frame byte for byte, with the configuration in force, and tells on the bus what it has', async () => {
    using folder = temporaryFolder()
    await using kept = await keep(folder.path)
    const pmu = await startRawPmu({ configuration: config2 })
    try {
      await using adapter = await adapterOf(pmu.port, kept.journal)
      await sending(pmu, [...frames(0, 20), config2Of(90), ...frames(20, 30)])
      const reader = kept.journal.reader(STREAM)!
      await until(async () => (await readAll(reader)).data.length === 30)
      const answer = await readAll(reader)
      expect(answer.data.map(hexOf)).toEqual(frames(0, 30).map(hexOf))
      expect(answer.frames.filter((frame) => !isData(frame)).map(hexOf)).toEqual([config2, config2Of(90)].map(hexOf))
      await until(async () => (await spanSaid(adapter.listener)) !== null)
      expect(Date.parse((await spanSaid(adapter.listener))!.from) * 1000).toBe(usOf(dataAt(0)))
    } finally {
      await pmu.close()
    }
  }, 20_000)

  it('says why there is nothing: a PMU that hung up, a wrong CHK, the end of the adapter', async () => {
    using folder = temporaryFolder()
    {
      await using kept = await keep(folder.path)
      const pmu = await startRawPmu({ configuration: config2 })
      {
        await using _adapter = await adapterOf(pmu.port, kept.journal)
        const reader = kept.journal.reader(STREAM)!
        const have = (count: number) => until(async () => (await readAll(reader)).data.length === count)
        const wrong = new Uint8Array(dataAt(5))
        wrong[20]! ^= 1
        await sending(pmu, [...frames(0, 5), wrong, ...frames(6, 8), ...frames(9, 10)])
        await have(8)
        await pmu.close()
        const again = await startRawPmu({ configuration: config2, port: pmu.port })
        await sending(again, frames(50, 60))
        await have(18)
        await again.close()
        await until(async () => {
          const answer = await readAll(reader)
          return verdictAt(answer, usOf(dataAt(60)))?.startsWith('not-received LINK_') === true
        })
      }
    }
    const aMinuteLater = (): number => (Date.now() + 60_000) * 1000
    await using kept = await keep(folder.path, { utcUs: aMinuteLater })
    const answer = await readAll(kept.journal.reader(STREAM)!)
    expect(verdictAt(answer, usOf(dataAt(5)))).toBe('not-received bad-checksum')
    expect(verdictAt(answer, usOf(dataAt(8)))).toBe('never-produced')
    expect(verdictAt(answer, usOf(dataAt(30)))).toMatch(/^not-received LINK_/)
    expect(answer.absent.at(-1)).toMatchObject({ verdict: 'not-received', reason: 'adapter-down' })
  })

  it.each([
    [0, 'before'],
    [10, 'after'],
  ])('with a write delay of %i ms has each frame in the journal %s it is published', async (writeDelayMs, when) => {
    using folder = temporaryFolder()
    await using kept = await keep(folder.path, { settings: { writeDelayMs } })
    const order: string[] = []
    const journal: Journal = {
      ...kept.journal,
      writesAtOnce: kept.journal.writesAtOnce,
      stream(topic) {
        const stream = kept.journal.stream(topic)
        return {
          sessionBegan: () => stream.sessionBegan(),
          sessionEnded: (reason) => stream.sessionEnded(reason),
          configuration: (fragments) => stream.configuration(fragments),
          unusable: (reason) => stream.unusable(reason),
          span: undefined,
          data(frame) {
            order.push('kept')
            stream.data(frame)
          },
        }
      },
    }
    const pmu = await startRawPmu({ configuration: config2 })
    const deps = testDeps()
    try {
      const broker = deps.stops(await startEmbeddedBroker(EmbeddedBrokerConfig.parse({ listen: [] }), deps))
      const bus = broker.bus({ ...site, nodeId: 'adapter' })
      const watched = new Proxy(bus, {
        get(target, name) {
          const value = Reflect.get(target, name)
          if (typeof value !== 'function') return value
          return (...args: unknown[]) => {
            if (name === 'publish' && args[0] === STREAM && isData(args[1] as Uint8Array)) order.push('published')
            return Reflect.apply(value, target, args)
          }
        },
      })
      const source = { transport: `tcp://127.0.0.1:${pmu.port}`, idcode: IDCODE, ask: [], settleMs: 1 }
      const config = { pmus: [{ topic: STREAM, source: SourceConfig.parse(source), live: LiveConfig.parse({}) }] }
      deps.stops(startPmuAdapter(config, { ...deps, buses: [watched], node: NODE, journal }))
      await sending(pmu, frames(0, 1))
      await until(() => order.length === 2)
      expect(order).toEqual(when === 'before' ? ['kept', 'published'] : ['published', 'kept'])
    } finally {
      await pmu.close()
      await deps[Symbol.asyncDispose]()
    }
  })
})
