import { describe, expect, it } from 'vitest'
import { startRawPmu } from '../../judge/index.ts'
import {
  type Bus,
  EmbeddedBrokerConfig,
  StreamProducer,
  StreamReader,
  startEmbeddedBroker,
} from '../../src/bus/index.ts'
import {
  Command,
  type Configuration,
  compileDecoder,
  compileEncoder,
  decodeConfiguration,
  encodeConfiguration,
  frameTimeOf,
} from '../../src/c37118/index.ts'
import { ServerConfig } from '../../src/config/server.ts'
import { SourceConfig } from '../../src/link/index.ts'
import { type PdcConfig, startPdc } from '../../src/pdc/index.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { metricSum } from '../support/metric-sum.ts'
import { command, connectRawPdc, frameType } from '../support/raw-pdc.ts'
import { until } from '../support/until.ts'
import { configurationOf } from './configurations.ts'

const site = 'area/secondary-station/1'
const node = (nodeId: string) => ({ area: 'area', locationType: 'secondary-station', locationId: '1', nodeId })
const output = {
  id: '1',
  topic: `${site}/PDC/1`,
  idcode: 700,
  dataRate: 50,
  timeBase: 1_000_000,
  header: 'substation 1',
  wait: 'relative',
  waitUs: 200_000,
  leadUs: 1_000_000,
  staleUs: 60_000_000,
  silentUs: 1_000_000,
  settleUs: 100_000,
  server: ServerConfig.parse({ listen: ['tcp://127.0.0.1:0'] }),
} as const

async function startOn(deps: TestDeps, inputs: PdcConfig['inputs'], settleUs: number = output.settleUs) {
  const broker = deps.stops(await startEmbeddedBroker(EmbeddedBrokerConfig.parse({ listen: [] }), deps))
  const bus = broker.bus(node('pdc'))
  const pdc = deps.stops(
    startPdc(
      { id: 'site', inputs, outputs: [{ ...output, settleUs }] },
      { ...deps, bus, buses: [bus], node: `${site}/NODE/pdc` },
    ),
  )
  await pdc.ready
  return { broker, pdc, port: pdc.servers.get('1')!.address.port }
}

/** Frames of a PMU whose FREQ says which they are. */
function pmuOf(idcode: number) {
  const configuration: Configuration = configurationOf([{ idcode }])
  const encoder = compileEncoder(configuration)
  return {
    configuration,
    fragments: encodeConfiguration(configuration),
    frameAt(us: number, number: number) {
      const columns = encoder.createColumns()
      Object.assign(columns, frameTimeOf(us, configuration.timeBase))
      columns.freq[0] = 50 + number / 1000
      return encoder.encode(columns)
    },
  }
}

/** The same, with its configuration on the bus. */
function producing(idcode: number, bus: Bus, deps: TestDeps) {
  const producer = new StreamProducer({ topic: `${site}/PMU/${idcode}`, buses: [bus], node: `${site}/NODE/n` }, deps)
  const pmu = pmuOf(idcode)
  producer.configuration(pmu.fragments)
  return { ...pmu, producer }
}

/** An instant of 50 frames/s, just now. */
const instantNow = (): number => Math.floor(Date.now() / 20) * 20_000

describe('a PDC on the bus', () => {
  it('puts together what comes, publishes it, and serves it as a PMU does', async () => {
    await using deps = testDeps()
    const { broker, port } = await startOn(deps, [{ streams: `${site}/PMU/#` }])
    const bus = broker.bus(node('pmus'))
    const pmus = [1, 2, 3].map((idcode) => producing(idcode, bus, deps))
    const published: Uint8Array[] = []
    let told: Configuration | undefined
    const reader = new StreamReader(
      {
        bus: broker.bus(node('reader')),
        filter: `${site}/PDC/1`,
        sink: {
          configuration: (_topic, _fragments, configuration) => {
            told = configuration
          },
          data: (_topic, frame) => published.push(frame),
        },
      },
      deps,
    )
    await using client = await connectRawPdc(port)
    let number = 0
    const beginUs = instantNow()
    const send = (): void => {
      number++
      for (const { producer, frameAt } of pmus) producer.data(frameAt(beginUs + number * 20_000, number))
    }
    const timer = setInterval(send, 20)
    await until(() => published.length > 0)
    client.send(command(700, Command.sendConfig2), command(700, Command.dataOn))
    const [config] = await client.received(frameType.config2)
    const frames = await client.received(frameType.data, 20)
    clearInterval(timer)

    const decoder = compileDecoder(decodeConfiguration(config!))
    expect(told?.pmus.map(({ idcode }) => idcode)).toEqual([1, 2, 3])
    const samples = frames.map((frame) => decoder.decode(frame))
    for (const { soc, fraction, pmus: blocks, idcode } of samples) {
      expect(idcode).toBe(700)
      const sent = Math.round((soc * 1e6 + fraction - beginUs) / 20_000)
      expect(blocks.map(({ freq, stat }) => [Math.round(1000 * freq) - 50_000, stat])).toEqual(
        Array.from({ length: 3 }, () => [sent, 0]),
      )
    }
    await until(() => published.length >= 20)
    const bytes = new Set(published.map((frame) => Buffer.from(frame).toString('hex')))
    expect(frames.every((frame) => bytes.has(frame.toString('hex')))).toBe(true)
    reader.close()
  })

  it('takes in a PMU that appears, and says for a minute that the configuration has changed', async () => {
    await using deps = testDeps()
    const { broker, pdc, port } = await startOn(deps, [{ streams: `${site}/PMU/#` }])
    const bus = broker.bus(node('pmus'))
    const pmus = [producing(1, bus, deps)]
    let number = 0
    const beginUs = instantNow()
    const timer = setInterval(() => {
      number++
      for (const { producer, frameAt } of pmus) producer.data(frameAt(beginUs + number * 20_000, number))
    }, 20)
    await until(() => pdc.servers.get('1')!.idcodes.includes(700))
    await using before = await connectRawPdc(port)
    before.send(command(700, Command.sendConfig2), command(700, Command.dataOn))
    await before.received(frameType.data, 3)
    pmus.push(producing(2, bus, deps))
    // A client is never sent a frame of another configuration than it fetched.
    await before.closed
    await using after = await connectRawPdc(port)
    after.send(command(700, Command.sendConfig2), command(700, Command.dataOn))
    const [config] = await after.received(frameType.config2)
    const frames = await after.received(frameType.data, 3)
    clearInterval(timer)
    const decoder = compileDecoder(decodeConfiguration(config!))
    for (const frame of frames) {
      expect(decoder.decode(frame).pmus.map(({ idcode, stat }) => [idcode, stat])).toEqual([
        [1, 0x0400],
        [2, 0x0400],
      ])
    }
  })
})

describe('a PDC beside its PMUs', () => {
  it('reads them itself, without a bus in between', async () => {
    await using deps = testDeps()
    const pmus = await Promise.all(
      [1, 2].map(async (idcode) => {
        const pmu = pmuOf(idcode)
        const { configuration: _configuration, fragments } = pmu
        return { ...pmu, raw: await startRawPmu({ configuration: fragments[0]! }) }
      }),
    )
    // Long enough for both to be known: else the first would be an aggregate by itself, and the client closed with it.
    const { port } = await startOn(
      deps,
      pmus.map(({ raw }, at) => ({
        name: `pmu-${at + 1}`,
        source: SourceConfig.parse({ transport: `tcp://127.0.0.1:${raw.port}`, idcode: at + 1, ask: [] }),
      })),
      1_000_000,
    )
    await Promise.all(pmus.map(({ raw }) => raw.on))
    let number = 0
    const beginUs = instantNow()
    const timer = setInterval(() => {
      number++
      for (const { raw, frameAt } of pmus) raw.send(frameAt(beginUs + number * 20_000, number))
    }, 20)
    await using client = await connectRawPdc(port)
    client.send(command(700, Command.sendConfig2), command(700, Command.dataOn))
    const [config] = await client.received(frameType.config2)
    const frames = await client.received(frameType.data, 10)
    clearInterval(timer)
    const decoder = compileDecoder(decodeConfiguration(config!))
    for (const frame of frames.slice(1)) {
      const { pmus: blocks, soc, fraction } = decoder.decode(frame)
      const sent = Math.round((soc * 1e6 + fraction - beginUs) / 20_000)
      expect(blocks.map(({ freq }) => Math.round(1000 * freq) - 50_000)).toEqual([sent, sent])
    }
    await Promise.all(pmus.map(({ raw }) => raw.close()))
  })

  it('counts by input what could not be used, and goes on', async () => {
    await using deps = testDeps()
    const { fragments, frameAt } = pmuOf(1)
    const raw = await startRawPmu({ configuration: fragments[0]! })
    const source = SourceConfig.parse({ transport: `tcp://127.0.0.1:${raw.port}`, idcode: 1, ask: [] })
    await startOn(deps, [{ name: 'pmu-1', source }], 0)
    await raw.on
    const beginUs = instantNow()
    const taken = (): Promise<number> => metricSum(deps.metrics, 'phasorbus_pdc_input_frames_total', { input: 'pmu-1' })
    const errors = (): Promise<number> =>
      metricSum(deps.metrics, 'phasorbus_pdc_input_errors_total', {
        pdc: 'site',
        input: 'pmu-1',
        reason: 'bad-checksum',
      })
    await until(async () => (await metricSum(deps.metrics, 'phasorbus_pdc_configurations_total')) === 1)
    for (let n = 0; n < 3; n++) raw.send(frameAt(beginUs + n * 20_000, n))
    await until(async () => (await taken()) === 3)
    const broken = frameAt(beginUs + 60_000, 3)
    broken[20]! ^= 1
    raw.write(broken)
    raw.send(frameAt(beginUs + 80_000, 4))
    await until(async () => (await taken()) === 4)
    expect(await errors()).toBe(1)
    await raw.close()
  })
})
