import { describe, expect, it } from 'vitest'
import { type Server, ServerConfig, type ServerConfigInput, startServer } from '../../src/link/index.ts'
import { config2, config2Of, dataAt, dataFrames, header, IDCODE, ofIdcode } from '../support/blue-pmu.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { metricSum } from '../support/metric-sum.ts'
import { command, connectRawPdc, frameType } from '../support/raw-pdc.ts'
import { freeUdpPort, openRawUdp } from '../support/raw-udp.ts'
import { cmd } from '../support/scripted-pmu.ts'

async function serve(deps: TestDeps, listen: string, more: Partial<ServerConfigInput> = {}): Promise<Server> {
  const server = deps.stops(startServer(ServerConfig.parse({ listen: [listen], ...more }), { ...deps, server: 'test' }))
  await server.listening
  return server
}

const buffers = (frames: readonly Uint8Array[]): Buffer[] => frames.map((frame) => Buffer.from(frame))
const counted = (deps: TestDeps, reason: string): number =>
  deps.metrics.counter('phasorbus_serve_refused_total', '', { server: 'test', reason }).value

describe('UDP commanded', () => {
  it('answers to where the command came from, and turns data on and off for each client', async () => {
    await using deps = testDeps()
    const server = await serve(deps, 'udp://127.0.0.1:0')
    const stream = server.stream(IDCODE)
    stream.configuration([config2])
    stream.header(header)
    await using one = await openRawUdp()
    await using other = await openRawUdp()
    one.send(command(IDCODE, cmd.config2), server.address.port)
    await one.received(1)
    one.send(command(IDCODE, cmd.on), server.address.port)
    one.send(command(IDCODE, cmd.header), server.address.port)
    await one.received(2)
    other.send(Buffer.concat([command(IDCODE, cmd.on), command(IDCODE, cmd.header)]), server.address.port)
    await other.received(1)
    stream.data(dataAt(0))
    await other.received(2)
    one.send(command(IDCODE, cmd.off), server.address.port)
    one.send(command(IDCODE, cmd.header), server.address.port)
    await one.received(4)
    stream.data(dataAt(1))
    await other.received(3)
    expect(one.datagrams).toEqual(buffers([config2, header, dataAt(0), header]))
    expect(other.datagrams).toEqual(buffers([header, dataAt(0), dataAt(1)]))
  })

  it('stops data when the configuration changes, until the client asks again', async () => {
    await using deps = testDeps()
    const server = await serve(deps, 'udp://127.0.0.1:0')
    const stream = server.stream(IDCODE)
    stream.configuration([config2])
    await using pdc = await openRawUdp()
    pdc.send(Buffer.concat([command(IDCODE, cmd.on), command(IDCODE, cmd.config2)]), server.address.port)
    await pdc.received(1)
    stream.data(dataAt(0))
    stream.configuration([config2Of(90)])
    stream.data(dataAt(1))
    expect(stream.receivers).toBe(0)
    pdc.send(Buffer.concat([command(IDCODE, cmd.on), command(IDCODE, cmd.config2)]), server.address.port)
    await pdc.received(3)
    stream.data(dataAt(2))
    await pdc.received(4)
    expect(pdc.datagrams).toEqual(buffers([config2, dataAt(0), config2Of(90), dataAt(2)]))
  })

  it('ignores strangers, junk and foreign IDCODEs', async () => {
    await using deps = testDeps()
    const server = await serve(deps, 'udp://127.0.0.1:0', { allow: ['127.0.0.1'] })
    server.stream(IDCODE).configuration([config2])
    await using pdc = await openRawUdp()
    await using stranger = await openRawUdp({ host: '127.0.0.2' })
    stranger.send(command(IDCODE, cmd.config2), server.address.port)
    pdc.send(Uint8Array.of(1, 2, 3), server.address.port)
    pdc.send(command(7, cmd.config2), server.address.port)
    pdc.send(command(IDCODE, cmd.config2), server.address.port)
    await pdc.received(1)
    expect(stranger.datagrams).toEqual([])
    expect([counted(deps, 'address-not-allowed'), counted(deps, 'foreign-idcode')]).toEqual([1, 1])
    expect(server.status()[0]?.clients.length).toBe(1)
  })

  it('keeps no more clients than it may; of one address the oldest gives way', async () => {
    await using deps = testDeps()
    const server = await serve(deps, 'udp://127.0.0.1:0', { limits: { clientsPerAddress: 2 } })
    const stream = server.stream(IDCODE)
    stream.configuration([config2])
    await using first = await openRawUdp()
    await using second = await openRawUdp()
    await using third = await openRawUdp()
    for (const pdc of [first, second, third]) {
      pdc.send(Buffer.concat([command(IDCODE, cmd.on), command(IDCODE, cmd.config2)]), server.address.port)
      await pdc.received(1)
    }
    stream.data(dataAt(0))
    await third.received(2)
    await second.received(2)
    expect(stream.receivers).toBe(2)
    expect(first.datagrams).toEqual(buffers([config2]))
  })
})

describe('a server with several ways in', () => {
  it('counts the clients of all of them', async () => {
    await using deps = testDeps()
    const server = deps.stops(
      startServer(ServerConfig.parse({ listen: ['tcp://127.0.0.1:0', 'udp://127.0.0.1:0'] }), deps),
    )
    await server.listening
    server.stream(IDCODE).configuration([config2])
    const [tcp, udp] = server.addresses.map(({ port }) => port)
    await using one = await connectRawPdc(tcp!)
    one.send(command(IDCODE, cmd.config2))
    await one.received(frameType.config2)
    await using other = await openRawUdp()
    other.send(command(IDCODE, cmd.config2), udp!)
    await other.received(1)
    expect(await metricSum(deps.metrics, 'phasorbus_serve_clients')).toBe(2)
    deps.abort()
    await server.done
    expect(await metricSum(deps.metrics, 'phasorbus_serve_clients')).toBe(0)
  })
})

describe('TCP commands with UDP data', () => {
  it('sends data once to an address, however many of its clients turned them on', async () => {
    await using deps = testDeps()
    await using data = await openRawUdp()
    const server = await serve(deps, `tcp+udp://127.0.0.1:0?data=${data.port}`)
    const stream = server.stream(IDCODE)
    stream.configuration([config2])
    await using one = await connectRawPdc(server.address.port)
    await using other = await connectRawPdc(server.address.port)
    for (const pdc of [one, other]) {
      pdc.send(command(IDCODE, cmd.on), command(IDCODE, cmd.config2))
      await pdc.received(frameType.config2)
    }
    stream.data(dataAt(0))
    one.send(command(IDCODE, cmd.off), command(IDCODE, cmd.config2))
    await one.received(frameType.config2, 2)
    stream.data(dataAt(1))
    other.socket.destroy()
    await other.closed
    await data.received(2)
    expect(data.datagrams).toEqual(buffers(dataFrames(2)))
    expect(one.frames.length).toBe(2)
  })
})

describe('UDP spontaneous', () => {
  it('sends the configuration first, again on change, and data always', async () => {
    await using deps = testDeps()
    await using pdc = await openRawUdp()
    const server = await serve(deps, `udp-spontaneous://127.0.0.1:${pdc.port}`, { configurationIntervalMs: 3_600_000 })
    const stream = server.stream(IDCODE)
    stream.configuration([config2])
    stream.data(dataAt(0))
    stream.configuration([config2Of(89)])
    stream.configuration([config2Of(90)])
    stream.data(dataAt(1))
    await pdc.received(4)
    expect(pdc.datagrams).toEqual(buffers([config2, dataAt(0), config2Of(90), dataAt(1)]))
  })

  it('repeats the configuration of every stream at the interval', async () => {
    await using deps = testDeps()
    await using pdc = await openRawUdp()
    const server = await serve(deps, `udp-spontaneous://127.0.0.1:${pdc.port}`, { configurationIntervalMs: 20 })
    server.stream(IDCODE).configuration([config2])
    server.stream(7).configuration([ofIdcode(config2, 7)])
    await pdc.received(6)
    expect(new Set(pdc.datagrams.map((frame) => frame.readUInt16BE(4)))).toEqual(new Set([IDCODE, 7]))
  })

  it('reaches a multicast group', async () => {
    await using deps = testDeps()
    const port = await freeUdpPort()
    await using pdc = await openRawUdp({ port, group: '239.255.11.9' })
    const server = await serve(deps, `udp-spontaneous://239.255.11.9:${port}?interface=127.0.0.1`)
    const stream = server.stream(IDCODE)
    stream.configuration([config2])
    stream.data(dataAt(0))
    await pdc.received(2)
    expect(pdc.datagrams).toEqual(buffers([config2, dataAt(0)]))
  })
})
