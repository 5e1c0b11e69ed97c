import { describe, expect, it } from 'vitest'
import { EmbeddedBrokerConfig, StreamProducer, startEmbeddedBroker } from '../../src/bus/index.ts'
import { Command, decodeConfiguration, encodeConfiguration, encodeHeader, FrameType } from '../../src/c37118/index.ts'
import { ServerConfig } from '../../src/config/server.ts'
import { startPdcAdapter } from '../../src/pdc-adapter/index.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import type { Metrics } from '../../src/runtime/service.ts'
import {
  asConfig1,
  config2,
  dataAt,
  header,
  IDCODE,
  ofIdcode,
  smallerConfig2,
  smallerDataAt,
} from '../support/blue-pmu.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { metricSum } from '../support/metric-sum.ts'
import { command, connectRawPdc, frameType } from '../support/raw-pdc.ts'
import { until } from '../support/until.ts'

const site = 'area/secondary-station/1'
const node = (nodeId: string) => ({ area: 'area', locationType: 'secondary-station', locationId: '1', nodeId })

/** A bus with an adapter on it, and a way to be a producer. */
async function startAdapter(deps: TestDeps, streams: readonly string[] = [`${site}/PMU/#`]) {
  const broker = deps.stops(await startEmbeddedBroker(EmbeddedBrokerConfig.parse({ listen: [] }), deps))
  const adapter = deps.stops(
    startPdcAdapter(
      { id: 'test', streams, server: ServerConfig.parse({ listen: ['tcp://127.0.0.1:0'] }) },
      { ...deps, bus: broker.bus(node('pdc-adapter')) },
    ),
  )
  await adapter.ready
  const bus = broker.bus(node('producer'))
  return {
    port: adapter.server.address.port,
    producer: (id: string, { metrics }: { readonly metrics: Metrics } = deps) =>
      new StreamProducer({ topic: `${site}/PMU/${id}`, buses: [bus], node: `${site}/NODE/n` }, { metrics }),
    served: (idcode: number) => until(() => adapter.server.idcodes.includes(idcode)),
  }
}

describe('a PDC-adapter', () => {
  it('answers with what is retained, also while the PMU is away', async () => {
    await using deps = testDeps()
    const { port, producer, served } = await startAdapter(deps)
    const stream = producer('1')
    stream.extra('header', [header])
    stream.extra('config-1', [asConfig1(config2)])
    stream.configuration([config2])
    stream.close('connection lost')
    await served(IDCODE)

    await using pdc = await connectRawPdc(port)
    for (const cmd of [Command.sendHeader, Command.sendConfig1, Command.sendConfig2]) pdc.send(command(IDCODE, cmd))
    expect(await pdc.received(frameType.header)).toEqual([Buffer.from(header)])
    expect(await pdc.received(frameType.config1)).toEqual([Buffer.from(asConfig1(config2))])
    expect(await pdc.received(frameType.config2)).toEqual([Buffer.from(config2)])
  })

  it('lets each PDC start and stop by itself', async () => {
    await using deps = testDeps()
    const { port, producer, served } = await startAdapter(deps)
    const stream = producer('1')
    stream.configuration([config2])
    await served(IDCODE)
    await using one = await connectRawPdc(port)
    await using other = await connectRawPdc(port)
    for (const pdc of [one, other]) {
      pdc.send(command(IDCODE, Command.sendConfig2), command(IDCODE, Command.dataOn))
      await pdc.received(frameType.config2)
    }
    await until(() => dataOn(deps, 2))
    stream.data(dataAt(0))
    await Promise.all([one.received(frameType.data), other.received(frameType.data)])

    one.send(command(IDCODE, Command.dataOff))
    await until(
      async () => (await metricSum(deps.metrics, 'phasorbus_serve_commands_total', { command: 'data-off' })) === 1,
    )
    stream.data(dataAt(1))
    await other.received(frameType.data, 2)
    one.send(command(IDCODE, Command.dataOn))
    await until(() => dataOn(deps, 3))
    stream.data(dataAt(2))
    expect(await one.received(frameType.data, 2)).toEqual([dataAt(0), dataAt(2)].map((frame) => Buffer.from(frame)))
    expect(await other.received(frameType.data, 3)).toEqual([0, 1, 2].map((n) => Buffer.from(dataAt(n))))
  })

  it('tells the streams of one port apart by IDCODE, for one PDC that wants several', async () => {
    await using deps = testDeps()
    const { port, producer, served } = await startAdapter(deps)
    const streams = [7, 8].map((idcode) => {
      const stream = producer(String(idcode))
      stream.configuration([ofIdcode(config2, idcode)])
      return stream
    })
    await Promise.all([served(7), served(8)])
    await using pdc = await connectRawPdc(port)
    pdc.send(command(7, Command.dataOn), command(8, Command.dataOn))
    await until(() => dataOn(deps, 2))
    streams[0]!.data(ofIdcode(dataAt(0), 7))
    streams[1]!.data(ofIdcode(dataAt(0), 8))
    const frames = await pdc.received(frameType.data, 2)
    expect(frames.map((frame) => frame.readUInt16BE(4)).toSorted()).toEqual([7, 8])
  })

  it('serves a stream once where filters overlap', async () => {
    await using deps = testDeps()
    const { port, producer, served } = await startAdapter(deps, [`${site}/PMU/#`, `${site}/PMU/1`, 'area/+/+/PMU/+'])
    const stream = producer('1')
    stream.configuration([config2])
    await served(IDCODE)
    await using pdc = await connectRawPdc(port)
    pdc.send(command(IDCODE, Command.dataOn))
    await until(() => dataOn(deps, 1))
    for (let n = 0; n < 5; n++) stream.data(dataAt(n))
    const frames = await pdc.received(frameType.data, 5)
    expect(frames).toEqual([0, 1, 2, 3, 4].map((n) => Buffer.from(dataAt(n))))
  })

  it('serves the first of two streams with one IDCODE, says so of the second, and serves it when the first is retired', async () => {
    await using deps = testDeps()
    const { port, producer, served } = await startAdapter(deps)
    const first = producer('1')
    first.configuration([config2])
    await served(IDCODE)
    const second = producer('2')
    second.extra('header', [encodeHeader({ idcode: IDCODE, text: 'the second' })])
    second.configuration([config2])
    const taken = () => metricSum(deps.metrics, 'phasorbus_pdc_adapter_idcode_taken', { stream: `${site}/PMU/2` })
    await until(async () => (await taken()) === 1)

    await using pdc = await connectRawPdc(port)
    pdc.send(command(IDCODE, Command.sendConfig2))
    await pdc.received(frameType.config2)
    first.retire()
    await pdc.closed
    await until(async () => (await taken()) === 0)
    await using again = await connectRawPdc(port)
    again.send(command(IDCODE, Command.sendHeader))
    expect((await again.received(frameType.header))[0]!.subarray(14, -2).toString()).toBe('the second')
  })

  it('does not go on saying that a stream waits for its IDCODE when it is gone', async () => {
    await using deps = testDeps()
    const { producer, served } = await startAdapter(deps)
    producer('1').configuration([config2])
    await served(IDCODE)
    // As from another process, whose metrics are not ours.
    const second = producer('2', { metrics: createMetrics() })
    second.configuration([config2])
    const name = 'phasorbus_pdc_adapter_idcode_taken'
    await until(async () => (await deps.metrics.expose()).includes(`${site}/PMU/2`))
    expect(await metricSum(deps.metrics, name)).toBe(1)
    second.retire()
    expect(await metricSum(deps.metrics, name)).toBe(0)
  })

  it('sends nobody a frame of a CFG-3 stream who was told the CFG-2 that was in force before', async () => {
    await using deps = testDeps()
    const { port, producer, served } = await startAdapter(deps)
    const stream = producer('1')
    stream.configuration([config2])
    await served(IDCODE)
    await using told = await connectRawPdc(port)
    told.send(command(IDCODE, Command.sendConfig2))
    await told.received(frameType.config2)
    await using reading = await connectRawPdc(port)
    reading.send(command(IDCODE, Command.sendConfig2), command(IDCODE, Command.dataOn))
    await reading.received(frameType.config2)
    await until(() => dataOn(deps, 1))
    stream.data(dataAt(0))
    await reading.received(frameType.data)

    const config3 = encodeConfiguration({ ...decodeConfiguration([smallerConfig2]), type: FrameType.config3 })
    stream.configuration(config3)
    stream.data(smallerDataAt(1))
    await Promise.all([told.closed, reading.closed])
    expect(await reading.received(frameType.data)).toEqual([Buffer.from(dataAt(0))])

    await using again = await connectRawPdc(port)
    again.send(command(IDCODE, Command.sendConfig2), command(IDCODE, Command.sendConfig3))
    expect(await again.received(frameType.config3)).toEqual(config3.map((frame) => Buffer.from(frame)))
    expect(again.frames).toHaveLength(1)
  })

  it('fails once, where it is looked at, when its port cannot be had', async () => {
    await using deps = testDeps()
    const { port } = await startAdapter(deps)
    const broker = deps.stops(await startEmbeddedBroker(EmbeddedBrokerConfig.parse({ listen: [] }), deps))
    const server = ServerConfig.parse({ listen: [`tcp://127.0.0.1:${port}`] })
    // `ready` is not looked at: that must not end the process.
    const { done } = startPdcAdapter(
      { id: 'other', streams: ['#'], server },
      { ...deps, bus: broker.bus(node('other')) },
    )
    await expect(done).rejects.toMatchObject({ code: 'LINK_LISTEN_FAILED' })
  })
})

const dataOn = async (deps: TestDeps, times: number): Promise<boolean> =>
  (await metricSum(deps.metrics, 'phasorbus_serve_commands_total', { command: 'data-on' })) === times
