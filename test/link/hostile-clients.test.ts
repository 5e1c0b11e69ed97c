import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import {
  type Server,
  ServerConfig,
  type ServerConfigInput,
  type StreamOutput,
  startServer,
} from '../../src/link/index.ts'
import { config2, dataAt, dataFrames, hex, IDCODE } from '../support/blue-pmu.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { command, connectRawPdc, frameType, type RawPdc } from '../support/raw-pdc.ts'
import { cmd } from '../support/scripted-pmu.ts'

const FRAMES = 2_000

interface Scene {
  readonly server: Server
  readonly stream: StreamOutput
  readonly healthy: RawPdc
  readonly deps: TestDeps
}

/** A server with one healthy PDC that has its data on. */
async function scene(deps: TestDeps, more: Partial<ServerConfigInput> = {}): Promise<Scene> {
  const server = deps.stops(
    startServer(ServerConfig.parse({ listen: ['tcp://127.0.0.1:0'], ...more }), { ...deps, server: 'test' }),
  )
  await server.listening
  const stream = server.stream(IDCODE)
  stream.configuration([config2])
  const healthy = await connectRawPdc(server.address.port)
  healthy.send(command(IDCODE, cmd.on), command(IDCODE, cmd.config2))
  await healthy.received(frameType.config2)
  return { server, stream, healthy, deps }
}

/** Sends frames, a turn of the event loop between any two, and checks that the healthy PDC got each of them. */
async function healthyLosesNothing({ stream, healthy }: Scene): Promise<void> {
  const frames = dataFrames(FRAMES)
  for (const frame of frames) {
    stream.data(frame)
    await turn()
  }
  const received = await healthy.received(frameType.data, FRAMES)
  expect(Buffer.concat(received).equals(Buffer.concat(frames))).toBe(true)
  await healthy[Symbol.asyncDispose]()
}

const refused = (deps: TestDeps, reason: string): number =>
  deps.metrics.counter('phasorbus_serve_refused_total', '', { server: 'test', reason }).value

/** A connection that the test does not wait for. */
function attack(port: number, act: (socket: Socket) => void): { readonly closed: Promise<void>; destroy(): void } {
  const socket = connect({ port, host: '127.0.0.1' }, () => act(socket))
  socket.on('error', () => {})
  socket.on('data', () => {})
  return { closed: new Promise((resolve) => socket.on('close', () => resolve())), destroy: () => void socket.destroy() }
}

it('garbage is cut off after a few bytes', async () => {
  await using deps = testDeps()
  const here = await scene(deps)
  const garbage = Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919) & 0x7f))
  const attackers = Array.from({ length: 10 }, () =>
    attack(here.server.address.port, (socket) => socket.write(garbage)),
  )
  await healthyLosesNothing(here)
  await Promise.all(attackers.map(({ closed }) => closed))
  expect(refused(deps, 'junk')).toBe(10)
})

it('so is garbage after a good command', async () => {
  await using deps = testDeps()
  const here = await scene(deps)
  const attacker = attack(here.server.address.port, (socket) =>
    socket.write(Buffer.concat([command(IDCODE, cmd.header), Buffer.alloc(5_000, 0x55)])),
  )
  await attacker.closed
  await healthyLosesNothing(here)
})

it('a giant FRAMESIZE does not make us keep what follows, nor keep the commands behind it waiting for long', async () => {
  await using deps = testDeps()
  const here = await scene(deps)
  const filler = attack(here.server.address.port, (socket) =>
    socket.write(Buffer.concat([hex('aa41ffff'), Buffer.alloc(10_000, 0xaa)])),
  )
  await filler.closed
  await using late = await connectRawPdc(here.server.address.port)
  late.send(hex('aa41ffff'), command(IDCODE, cmd.config2))
  await healthyLosesNothing(here)
  await late.received(frameType.config2)
})

it('half frames and connections reset in the middle of one cost nobody else anything', async () => {
  await using deps = testDeps()
  const here = await scene(deps)
  let left = 200
  const once = (): void => {
    if (left-- === 0) return
    const half = connect({ port: here.server.address.port, host: '127.0.0.1' }, () => {
      half.write(command(IDCODE, cmd.on).subarray(0, 9), () => half.resetAndDestroy())
    })
    half.on('error', () => {})
    half.on('close', once)
  }
  once()
  await healthyLosesNothing(here)
})

it('a client that does not read loses whole frames only, and takes up no more than its bound', async () => {
  await using deps = testDeps()
  const bufferedBytes = 20_000
  const here = await scene(deps, { limits: { bufferedBytes, bufferedMs: 3_600_000 } })
  await using slow = await connectRawPdc(here.server.address.port)
  slow.send(command(IDCODE, cmd.on), command(IDCODE, cmd.config2))
  await slow.received(frameType.config2)
  slow.socket.pause()

  const slowStatus = () => here.server.status()[0]!.clients[1]!
  let sent = 0
  const burst = async (): Promise<void> => {
    for (let n = 0; n < 500; n++) here.stream.data(dataAt(sent++))
    await here.healthy.received(frameType.data, sent)
  }
  while (slowStatus().dropped === 0) await burst()
  await burst()
  expect(slowStatus().bufferedBytes).toBeLessThanOrEqual(bufferedBytes)

  slow.socket.resume()
  await slow.received(frameType.data, slowStatus().sent)
  const before = slowStatus().sent
  while (slowStatus().sent === before) await burst()
  await slow.received(frameType.data, slowStatus().sent)
  expect(here.healthy.frames.length - 1).toBe(sent)
  await here.healthy[Symbol.asyncDispose]()
})

it('or its connection, where so configured', async () => {
  await using deps = testDeps()
  const here = await scene(deps, { slow: 'disconnect', limits: { bufferedBytes: 20_000 } })
  await using slow = await connectRawPdc(here.server.address.port)
  slow.send(command(IDCODE, cmd.on), command(IDCODE, cmd.config2))
  await slow.received(frameType.config2)
  slow.socket.pause()
  let sent = 0
  while (here.stream.receivers === 2) {
    for (let n = 0; n < 500; n++) here.stream.data(dataAt(sent++))
    await here.healthy.received(frameType.data, sent)
  }
  expect(here.healthy.frames.length - 1).toBe(sent)
  await here.healthy[Symbol.asyncDispose]()
})

it('unsent bytes also make a client slow by their age', async () => {
  await using deps = testDeps()
  const here = await scene(deps, { slow: 'disconnect', limits: { bufferedBytes: 1e9, bufferedMs: 500 } })
  await using slow = await connectRawPdc(here.server.address.port)
  slow.send(command(IDCODE, cmd.on), command(IDCODE, cmd.config2))
  await slow.received(frameType.config2)
  slow.socket.pause()
  let sent = 0
  while (here.stream.receivers === 2) {
    for (let n = 0; n < 500; n++) here.stream.data(dataAt(sent++))
    await here.healthy.received(frameType.data, sent)
  }
  await here.healthy[Symbol.asyncDispose]()
})

it('1,000 connections that say nothing neither disturb a client nor keep a new one out', async () => {
  await using deps = testDeps()
  const here = await scene(deps)
  const attackers = Array.from({ length: 1_000 }, () => attack(here.server.address.port, () => {}))
  await healthyLosesNothing(here)
  await using newcomer = await connectRawPdc(here.server.address.port)
  newcomer.send(command(IDCODE, cmd.config2))
  await newcomer.received(frameType.config2)
  expect(here.server.status()[0]!.clients.length).toBeLessThanOrEqual(17)
  for (const attacker of attackers) attacker.destroy()
  await Promise.all(attackers.map(({ closed }) => closed))
})

it('a connection without a command in time is closed', async () => {
  await using deps = testDeps()
  const here = await scene(deps, { limits: { firstCommandMs: 30 } })
  await attack(here.server.address.port, (socket) => socket.write(command(7, cmd.on))).closed
  expect(refused(deps, 'no-command')).toBe(1)
  await healthyLosesNothing(here)
})

it('a connection that wants nothing any more is closed, one that waits for data is not', async () => {
  await using deps = testDeps()
  const here = await scene(deps, { limits: { idleMs: 30 } })
  await using idle = await connectRawPdc(here.server.address.port)
  idle.send(command(IDCODE, cmd.on), command(IDCODE, cmd.off))
  await idle.closed
  expect(refused(deps, 'idle')).toBe(1)
  await healthyLosesNothing(here)
})

it('a flood of requests is answered at a bounded rate, a flood of commands not for long', async () => {
  await using deps = testDeps()
  const here = await scene(deps)
  const requests = Buffer.concat(Array.from({ length: 150 }, () => command(IDCODE, cmd.config2)))
  await using eager = await connectRawPdc(here.server.address.port)
  eager.send(requests, command(IDCODE, cmd.on))
  const flood = Buffer.concat(Array.from({ length: 1_000 }, () => command(IDCODE, cmd.on)))
  const attacker = attack(here.server.address.port, (socket) => socket.write(flood))
  await attacker.closed
  await healthyLosesNothing(here)
  expect(refused(deps, 'too-many-frames')).toBe(1)
  expect(eager.frames.filter((frame) => frame[1]! >> 4 === frameType.config2).length).toBeLessThan(40)
})

it('nobody gets in who may not', async () => {
  await using deps = testDeps()
  const here = await scene(deps, { allow: ['127.0.0.1', '10.0.0.0/8'] })
  const stranger = connect({ port: here.server.address.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
  stranger.on('error', () => {})
  await new Promise((resolve) => stranger.on('close', resolve))
  expect(refused(deps, 'address-not-allowed')).toBe(1)
  await healthyLosesNothing(here)
})
