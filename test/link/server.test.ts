import { describe, expect, it } from 'vitest'
import { LinkError, type Server, ServerConfig, type ServerConfigInput, startServer } from '../../src/link/index.ts'
import { config2, config2Of, dataAt, dataFrames, header, hex, IDCODE, ofIdcode } from '../support/blue-pmu.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { command, connectRawPdc, frameType } from '../support/raw-pdc.ts'
import { cmd } from '../support/scripted-pmu.ts'

async function serve(deps: TestDeps, more: Partial<ServerConfigInput> = {}): Promise<Server> {
  const server = deps.stops(startServer(ServerConfig.parse({ listen: ['tcp://127.0.0.1:0'], ...more }), deps))
  await server.listening
  return server
}

const ask = (cmdNumber: number, idcode = IDCODE): Uint8Array => command(idcode, cmdNumber)
const refused = (deps: TestDeps, server: Server, reason: string): number =>
  deps.metrics.counter('phasorbus_serve_refused_total', '', { server: serverName(server), reason }).value
const serverName = ({ address }: Server): string => `tcp://${address.host}:0`

describe('a server answers as a PMU does', () => {
  it('a real request of a PDC whose SOC and FRACSEC are zero', async () => {
    await using deps = testDeps()
    const server = await serve(deps)
    server.stream(IDCODE).configuration([config2])
    await using pdc = await connectRawPdc(server.address.port)
    pdc.send(hex('aa41001200f1 00000000 00000000 0005 d7d0'))
    expect(await pdc.received(frameType.config2)).toEqual([Buffer.from(config2)])
  })

  it('commands 1 to 6, byte for byte', async () => {
    await using deps = testDeps()
    const server = await serve(deps)
    const stream = server.stream(IDCODE)
    stream.configuration([config2])
    stream.header(header)
    await using pdc = await connectRawPdc(server.address.port)

    stream.data(dataAt(0))
    pdc.send(ask(cmd.header), ask(cmd.config3), ask(cmd.config2))
    await pdc.received(frameType.config2)
    pdc.send(ask(cmd.on), ask(cmd.header))
    await pdc.received(frameType.header, 2)
    expect(stream.receivers).toBe(1)
    stream.data(dataAt(1))
    stream.data(dataAt(2))
    await pdc.received(frameType.data, 2)
    pdc.send(ask(cmd.off), ask(cmd.header))
    await pdc.received(frameType.header, 3)
    stream.data(dataAt(3))
    pdc.send(ask(cmd.config2))
    await pdc.received(frameType.config2, 2)

    // A CFG-3 that nobody has is not answered.
    const expected = [header, config2, header, dataAt(1), dataAt(2), header, config2]
    expect(pdc.frames).toEqual(expected.map((frame) => Buffer.from(frame)))
  })

  it('CFG-1 from CFG-2 where there is none of its own', async () => {
    await using deps = testDeps()
    const server = await serve(deps)
    server.stream(IDCODE).configuration([config2])
    await using pdc = await connectRawPdc(server.address.port)
    pdc.send(ask(cmd.config1))
    const [config1] = await pdc.received(frameType.config1)
    expect(config1?.subarray(2, -2)).toEqual(Buffer.from(config2.subarray(2, -2)))
    expect(config1?.[1]).toBe(0x21)
  })

  it('late rather than never, when a PDC asks before the configuration is there', async () => {
    await using deps = testDeps()
    const server = await serve(deps)
    const stream = server.stream(IDCODE)
    stream.header(header)
    await using pdc = await connectRawPdc(server.address.port)
    pdc.send(ask(cmd.config2), ask(cmd.on), ask(cmd.header))
    await pdc.received(frameType.header)
    stream.configuration([config2])
    expect(await pdc.received(frameType.config2)).toEqual([Buffer.from(config2)])
    stream.data(dataAt(0))
    await pdc.received(frameType.data)
  })

  it('nothing to another IDCODE, to extended, user-defined and unknown commands, and counts them', async () => {
    await using deps = testDeps()
    const server = await serve(deps)
    server.stream(IDCODE).configuration([config2])
    await using pdc = await connectRawPdc(server.address.port)
    pdc.send(ask(cmd.config2, 7), command(IDCODE, 8, hex('0001')), ask(0x100), ask(99), dataAt(0), ask(cmd.config2))
    await pdc.received(frameType.config2)
    expect(pdc.frames.length).toBe(1)
    for (const reason of ['foreign-idcode', 'extended-command', 'user-command', 'unknown-command', 'not-a-command']) {
      expect([reason, refused(deps, server, reason)]).toEqual([reason, 1])
    }
  })
})

describe('several streams and clients', () => {
  it('are told apart by IDCODE on one port', async () => {
    await using deps = testDeps()
    const server = await serve(deps)
    const [one, other] = [server.stream(IDCODE), server.stream(7)]
    one.configuration([config2])
    other.configuration([ofIdcode(config2, 7)])
    await using pdc = await connectRawPdc(server.address.port)
    await using both = await connectRawPdc(server.address.port)
    pdc.send(ask(cmd.on, 7), ask(cmd.config2, 7))
    both.send(ask(cmd.on, 7), ask(cmd.on), ask(cmd.config2))
    await pdc.received(frameType.config2)
    await both.received(frameType.config2)
    for (const frame of dataFrames(3)) {
      one.data(frame)
      other.data(ofIdcode(frame, 7))
    }
    const frames = await pdc.received(frameType.data, 3)
    expect(frames).toEqual(dataFrames(3).map((frame) => Buffer.from(ofIdcode(frame, 7))))
    expect((await both.received(frameType.data, 6)).map((frame) => frame.readUInt16BE(4))).toEqual([
      IDCODE,
      7,
      IDCODE,
      7,
      IDCODE,
      7,
    ])
    expect(server.status()[0]?.clients.map(({ idcodes, sent }) => ({ idcodes, sent }))).toEqual([
      { idcodes: [7], sent: 3 },
      { idcodes: [7, IDCODE], sent: 6 },
    ])
  })

  it('may not share an IDCODE', async () => {
    await using deps = testDeps()
    const server = await serve(deps)
    server.stream(IDCODE)
    expect(() => server.stream(IDCODE)).toThrow(LinkError)
  })

  it('a stream that is closed closes its clients, and its IDCODE is free again', async () => {
    await using deps = testDeps()
    const server = await serve(deps)
    const stream = server.stream(IDCODE)
    stream.configuration([config2])
    await using pdc = await connectRawPdc(server.address.port)
    pdc.send(ask(cmd.config2))
    await pdc.received(frameType.config2)
    stream.close()
    await pdc.closed
    server.stream(IDCODE)
  })
})

describe('a change of configuration', () => {
  it('closes those who were told another, before a frame of the new one', async () => {
    await using deps = testDeps()
    const server = await serve(deps)
    const stream = server.stream(IDCODE)
    stream.configuration([config2])
    await using told = await connectRawPdc(server.address.port)
    await using saved = await connectRawPdc(server.address.port)
    await using fresh = await connectRawPdc(server.address.port)
    told.send(ask(cmd.config2))
    saved.send(ask(cmd.on), ask(cmd.header))
    fresh.send(ask(cmd.header))
    await told.received(frameType.config2)
    stream.header(header)
    await saved.received(frameType.header)
    await fresh.received(frameType.header)
    stream.data(dataAt(0))

    stream.configuration([config2Of(90)])
    stream.data(dataAt(1))
    await told.closed
    await saved.closed
    expect(saved.frames.slice(1)).toEqual([Buffer.from(dataAt(0))])
    fresh.send(ask(cmd.config2))
    expect(await fresh.received(frameType.config2)).toEqual([Buffer.from(config2Of(90))])
  })

  it('is none when only SOC, FRACSEC and CHK differ', async () => {
    await using deps = testDeps()
    const server = await serve(deps)
    const stream = server.stream(IDCODE)
    stream.configuration([config2])
    await using pdc = await connectRawPdc(server.address.port)
    pdc.send(ask(cmd.config2), ask(cmd.on))
    await pdc.received(frameType.config2)
    stream.data(dataAt(0))
    await pdc.received(frameType.data)
    const again = config2Of(89)
    expect(Buffer.from(again).equals(config2)).toBe(false)
    stream.configuration([again])
    stream.data(dataAt(1))
    await pdc.received(frameType.data, 2)
    pdc.send(ask(cmd.config2))
    expect((await pdc.received(frameType.config2, 2))[1]).toEqual(Buffer.from(again))
  })
})

it('stops when aborted: the port is free, every connection closed', async () => {
  await using deps = testDeps()
  const server = await serve(deps)
  await using pdc = await connectRawPdc(server.address.port)
  deps.abort()
  await server.done
  await pdc.closed
})

it('says which port cannot be had', async () => {
  await using deps = testDeps()
  const { port } = (await serve(deps)).address
  const second = startServer(ServerConfig.parse({ listen: [`tcp://127.0.0.1:${port}`] }), deps)
  await expect(second.listening).rejects.toMatchObject({ facts: { code: 'LINK_LISTEN_FAILED', reason: 'EADDRINUSE' } })
  await expect(second.done).rejects.toBeInstanceOf(LinkError)
})
