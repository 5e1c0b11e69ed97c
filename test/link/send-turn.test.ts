import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Server, ServerConfig, type StreamFate, type StreamOutput, startServer } from '../../src/link/index.ts'
import { config2, dataAt, IDCODE } from '../support/blue-pmu.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { command, connectRawPdc, frameType, type RawPdc } from '../support/raw-pdc.ts'
import { openRawUdp } from '../support/raw-udp.ts'
import { cmd } from '../support/scripted-pmu.ts'
import { until } from '../support/until.ts'

async function serve(
  deps: TestDeps,
  listen: string,
  beforeSend: () => void,
  { fate, limits = {} }: { readonly fate?: StreamFate; readonly limits?: { readonly bufferedBytes?: number } } = {},
): Promise<{ readonly server: Server; readonly stream: StreamOutput }> {
  const server = deps.stops(startServer(ServerConfig.parse({ listen: [listen], limits }), { ...deps, beforeSend }))
  await server.listening
  const stream = server.stream(IDCODE, fate)
  stream.configuration([config2])
  return { server, stream }
}

async function pdcOf(server: Server, stream: StreamOutput): Promise<RawPdc> {
  const pdc = await connectRawPdc(server.address.port)
  pdc.send(command(IDCODE, cmd.config2), command(IDCODE, cmd.on))
  await pdc.received(frameType.config2)
  await until(() => stream.receivers > 0)
  return pdc
}

/** Bytes that the system has for a local port and nobody has read, by `/proc/net`. */
function arrived(protocol: 'tcp' | 'udp', port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync(`/proc/net/${protocol}`, 'utf8').split('\n')
  const [, , , , queues] = lines
    .find((line) => line.trim().split(/\s+/)[1] === local)!
    .trim()
    .split(/\s+/)
  return Number.parseInt(queues!.split(':')[1]!, 16)
}

describe('what leaves in a turn is noted before', () => {
  it.skipIf(process.platform !== 'linux')('by TCP: not a byte is at the PDC until then (Linux tells)', async () => {
    await using deps = testDeps()
    const seen: number[] = []
    let watch = (): void => {}
    const { server, stream } = await serve(deps, 'tcp://127.0.0.1:0', () => watch())
    await using pdc = await pdcOf(server, stream)
    const { localPort } = pdc.socket
    watch = () => seen.push(arrived('tcp', localPort!))

    for (const at of [0, 1, 2]) expect(stream.data(dataAt(at))).toBe(true)
    expect(seen).toEqual([])
    await new Promise<void>((resolve) => process.nextTick(resolve))
    expect(seen).toEqual([0])
    expect(arrived('tcp', localPort!)).toBe(3 * dataAt(0).length)
    await pdc.received(frameType.data, 3)
  })

  it.skipIf(process.platform !== 'linux')('in the middle of a long turn as at its end (Linux tells)', async () => {
    await using deps = testDeps()
    let given = 0
    let noted = 0
    const { server, stream } = await serve(deps, 'tcp://127.0.0.1:0', () => {
      noted = given
    })
    await using pdc = await pdcOf(server, stream)
    let most = 0
    for (let at = 0; at < 1000; at++) {
      expect(stream.data(dataAt(at))).toBe(true)
      const there = arrived('tcp', pdc.socket.localPort!)
      expect(there).toBeLessThanOrEqual(noted)
      most = Math.max(most, there)
      given += dataAt(at).length
    }
    expect(most).toBeGreaterThan(0)
    await pdc.received(frameType.data, 1000)
    expect(noted).toBe(given)
  })

  it('when the connection is closed in the same turn', async () => {
    await using deps = testDeps()
    let given = 0
    const noted: number[] = []
    const { server, stream } = await serve(deps, 'tcp://127.0.0.1:0', () => noted.push(given))
    await using pdc = await pdcOf(server, stream)
    for (const at of [0, 1]) {
      stream.data(dataAt(at))
      given++
    }
    expect(noted).toEqual([])
    stream.close()
    expect(noted).toEqual([2])
    await pdc.closed
    expect(await pdc.received(frameType.data, 2)).toHaveLength(2)
  })

  it('when a UDP socket is closed in the same turn', async () => {
    const stop = new AbortController()
    await using deps = testDeps()
    await using pdc = await openRawUdp()
    let noted = 0
    const server = startServer(
      ServerConfig.parse({ listen: [`udp-spontaneous://127.0.0.1:${pdc.port}`, 'tcp://127.0.0.1:0'] }),
      { ...deps, signal: stop.signal, beforeSend: () => void noted++ },
    )
    const stream = server.stream(IDCODE)
    stream.configuration([config2])
    await server.listening
    await pdc.received(1)
    const before = noted
    for (const at of [0, 1]) expect(stream.data(dataAt(at))).toBe(true)
    stop.abort()
    await server.done
    expect(noted).toBeGreaterThan(before)
    await pdc.received(3)
  })

  it('of more than the system keeps for a UDP receiver, as without a note', async () => {
    await using deps = testDeps()
    const { server, stream } = await serve(deps, 'udp://127.0.0.1:0', () => {})
    await using pdc = await openRawUdp()
    pdc.send(command(IDCODE, cmd.on), server.address.port)
    await until(() => stream.receivers > 0)
    for (let at = 0; at < 40_000; at++) expect(stream.data(dataAt(at % 1000))).toBe(true)
  })

  it.each(['tcp', 'udp'] as const)(
    'however little may be unsent: what is given in a turn is not (%s)',
    async (transport) => {
      await using deps = testDeps()
      const { server, stream } = await serve(deps, `${transport}://127.0.0.1:0`, () => {}, {
        limits: { bufferedBytes: 200 },
      })
      if (transport === 'tcp') {
        await using pdc = await pdcOf(server, stream)
        for (let at = 0; at < 100; at++) expect(stream.data(dataAt(at))).toBe(true)
        await pdc.received(frameType.data, 100)
      } else {
        await using pdc = await openRawUdp()
        pdc.send(command(IDCODE, cmd.on), server.address.port)
        await until(() => stream.receivers > 0)
        for (let at = 0; at < 100; at++) expect(stream.data(dataAt(at))).toBe(true)
        await pdc.received(100)
      }
    },
  )

  it.skipIf(process.platform !== 'linux')('by UDP as well (Linux tells)', async () => {
    await using deps = testDeps()
    const seen: number[] = []
    let watch = (): void => {}
    const { server, stream } = await serve(deps, 'udp://127.0.0.1:0', () => watch())
    await using pdc = await openRawUdp()
    pdc.send(command(IDCODE, cmd.on), server.address.port)
    await until(() => stream.receivers > 0)
    watch = () => seen.push(arrived('udp', pdc.port))

    for (const at of [0, 1]) stream.data(dataAt(at))
    await pdc.received(2)
    expect(seen).toEqual([0])
    expect(pdc.datagrams).toEqual([dataAt(0), dataAt(1)].map((frame) => Buffer.from(frame)))
  })

  it('of a PDC that reads slowly too, whose frames wait', async () => {
    await using deps = testDeps()
    let given = 0
    let noted = 0
    const one = dataAt(0).length
    const fate: StreamFate = {
      waits() {
        given -= one
      },
      sent() {
        given += one
      },
      unsent() {},
    }
    const beforeSend = (): void => {
      noted = given
    }
    const { server, stream } = await serve(deps, 'tcp://127.0.0.1:0', beforeSend, { fate })
    await using pdc = await pdcOf(server, stream)
    const before = pdc.socket.bytesRead
    const more: number[] = []
    pdc.socket.on('data', () => more.push(pdc.socket.bytesRead - before - noted))

    for (let round = 0; round < 3; round++) {
      pdc.socket.pause()
      // Several megabytes, some of them a turn, until frames have to wait.
      await until(() => {
        for (let n = 0; n < 1000; n++) {
          given += one
          if (!stream.data(dataAt(n))) given -= one
        }
        return stream.bufferedBytes > 100_000
      })
      pdc.socket.resume()
      await until(() => stream.bufferedBytes === 0)
    }
    await until(() => pdc.socket.bytesRead - before === given)
    expect(noted).toBe(given)
    expect(Math.max(...more)).toBeLessThanOrEqual(0)
  })
})
