/** Clients that are there, and take nothing: the others must not pay for it. */
import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { ServerConfig, type StreamOutput, startServer } from '../../src/link/index.ts'
import { config2, dataAt, IDCODE } from '../support/blue-pmu.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { command, connectRawPdc, frameType } from '../support/raw-pdc.ts'
import { openRawUdp } from '../support/raw-udp.ts'
import { cmd } from '../support/scripted-pmu.ts'
import { until } from '../support/until.ts'

async function serve(deps: TestDeps, settings: object = {}) {
  const config = ServerConfig.parse({ listen: ['tcp://127.0.0.1:0'], ...settings })
  const server = deps.stops(startServer(config, { ...deps, beforeSend: () => {} }))
  await server.listening
  const stream = server.stream(IDCODE)
  stream.configuration([config2])
  return { server, stream }
}

/** Has turned data on, and reads nothing. */
async function hang(port: number, stream: StreamOutput): Promise<Socket & AsyncDisposable> {
  const before = stream.receivers
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.pause()
  socket.write(command(IDCODE, cmd.on))
  await until(() => stream.receivers > before)
  return Object.assign(socket, { [Symbol.asyncDispose]: async () => void socket.destroy() })
}

/** Gives data as fast as the loop turns, until so many bytes are unsent. */
const fill = (stream: StreamOutput, bytes: number): Promise<void> =>
  until(() => {
    for (let n = 0; n < 500; n++) stream.data(dataAt(n))
    return stream.bufferedBytes > bytes
  })

describe('a PDC that is there and reads nothing', () => {
  it('holds up no late frame of another one for long', { timeout: 60_000 }, async () => {
    await using deps = testDeps()
    const { server, stream } = await serve(deps)
    await using hung = await hang(server.address.port, stream)
    await fill(stream, 100_000)
    await using pdc = await connectRawPdc(server.address.port)
    pdc.send(command(IDCODE, cmd.config2), command(IDCODE, cmd.on))
    await pdc.received(frameType.config2)
    await until(() => stream.receivers === 2)

    expect(stream.lateRoom).toBe(0)
    await until(() => stream.data(dataAt(0)) && stream.lateRoom > dataAt(1).length)
    const dropped = (): number | undefined =>
      server.status()[0]!.clients.find(({ address }) => address.endsWith(`:${hung.localPort}`))?.dropped
    const before = dropped()
    expect(stream.late(dataAt(1))).toBe(true)
    await until(() => pdc.frames.some((frame) => Buffer.from(frame).equals(Buffer.from(dataAt(1)))))
    // It is not given to who stands still, to be dropped or to make its live frames wait.
    expect(dropped()).toBe(before)
  })

  it('gets no late frame either where it is alone: nobody would have it', { timeout: 60_000 }, async () => {
    await using deps = testDeps()
    const { server, stream } = await serve(deps)
    await using _hung = await hang(server.address.port, stream)
    await fill(stream, 100_000)
    const beganMs = performance.now()
    await until(() => {
      stream.data(dataAt(0))
      expect(stream.lateRoom).toBe(0)
      return performance.now() - beganMs > 6_000
    })
  })

  it('is let go once it has closed its side', { timeout: 60_000 }, async () => {
    await using deps = testDeps()
    const { server, stream } = await serve(deps)
    await using hung = await hang(server.address.port, stream)
    await fill(stream, 50_000)
    hung.end()
    await until(() => stream.receivers === 0)
    await until(() => server.status()[0]!.clients.length === 0)
  })
})

it('a server that is closed says how it is, and takes what comes for nobody', async () => {
  const stop = new AbortController()
  await using deps = testDeps()
  await using pdc = await openRawUdp()
  const listen = [`udp-spontaneous://127.0.0.1:${pdc.port}`]
  const server = startServer(ServerConfig.parse({ listen }), { ...deps, signal: stop.signal, beforeSend: () => {} })
  await server.listening
  stop.abort()
  await server.done
  expect(server.status()[0]).toMatchObject({ clients: [{ bufferedBytes: 0 }] })
  const stream = server.stream(IDCODE)
  stream.configuration([config2])
  expect(stream.data(dataAt(0))).toBe(false)
})
