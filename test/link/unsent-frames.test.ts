import { expect, it } from 'vitest'
import { type Server, ServerConfig, type StreamFate, type StreamOutput, startServer } from '../../src/link/index.ts'
import { config2, dataAt, IDCODE } from '../support/blue-pmu.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { command, connectRawPdc, frameType, type RawPdc } from '../support/raw-pdc.ts'
import { cmd } from '../support/scripted-pmu.ts'
import { until } from '../support/until.ts'

const hexOf = (frame: Uint8Array): string => Buffer.from(frame).toString('hex')

/** What the server says of frames that had to wait. */
class Fates implements StreamFate {
  readonly waiting = new Set<string>()
  readonly went: string[] = []
  readonly released: string[] = []

  waits(frame: Uint8Array): void {
    this.waiting.add(hexOf(frame))
  }

  sent(frame: Uint8Array): void {
    expect(this.waiting.delete(hexOf(frame))).toBe(true)
    this.went.push(hexOf(frame))
  }

  unsent(frame: Uint8Array): void {
    expect(this.waiting.delete(hexOf(frame))).toBe(true)
    this.released.push(hexOf(frame))
  }
}

interface Scene {
  readonly server: Server
  readonly stream: StreamOutput
  readonly fates: Fates
  readonly given: string[]
  pdc(): Promise<RawPdc>
  /** Gives frames until so many wait. */
  fill(waiting: number): Promise<void>
}

async function scene(deps: TestDeps): Promise<Scene> {
  const server = deps.stops(startServer(ServerConfig.parse({ listen: ['tcp://127.0.0.1:0'] }), deps))
  await server.listening
  const fates = new Fates()
  const stream = server.stream(IDCODE, fates)
  stream.configuration([config2])
  const given: string[] = []
  const give = (): boolean => {
    const frame = dataAt(given.length)
    if (!stream.data(frame)) return false
    given.push(hexOf(frame))
    return true
  }
  return {
    server,
    stream,
    fates,
    given,
    async pdc() {
      const before = stream.receivers
      const pdc = await connectRawPdc(server.address.port)
      pdc.send(command(IDCODE, cmd.config2), command(IDCODE, cmd.on))
      await pdc.received(frameType.config2)
      await until(() => stream.receivers > before)
      return pdc
    },
    async fill(waiting) {
      await until(() => {
        for (let n = 0; n < 2000 && fates.waiting.size < waiting; n++) expect(give()).toBe(true)
        return fates.waiting.size >= waiting
      })
    },
  }
}

const dataOf = ({ frames }: RawPdc): string[] =>
  frames.filter((frame) => ((frame[1]! >> 4) & 7) === frameType.data).map(hexOf)

it('frames that a PDC let wait are said to be sent as it reads, and come in their order', async () => {
  await using deps = testDeps()
  const { fates, given, fill, pdc: connect } = await scene(deps)
  await using pdc = await connect()
  pdc.socket.pause()
  await fill(2000)
  expect(fates.went).toEqual([])
  pdc.socket.resume()
  await pdc.received(frameType.data, given.length)
  expect(dataOf(pdc)).toEqual(given)
  expect(fates.went).toEqual(given.slice(-2000))
  expect(fates.released).toEqual([])
})

it('those that wait when the connection ends are said to be unsent, and no PDC has read one of them', async () => {
  await using deps = testDeps()
  const { server, fates, given, fill, pdc: connect } = await scene(deps)
  await using pdc = await connect()
  pdc.socket.pause()
  await fill(5000)
  pdc.socket.resume()
  await until(() => fates.went.length > 0 || dataOf(pdc).length > 0)
  pdc.socket.destroy()
  await until(() => fates.waiting.size === 0)
  expect(fates.released.length).toBeGreaterThan(0)
  expect(fates.released).toEqual(given.slice(-fates.released.length))
  const read = new Set(dataOf(pdc))
  expect(fates.released.filter((frame) => read.has(frame))).toEqual([])
  await until(() => server.status()[0]!.clients.length === 0)
})

it('a connection that we close takes them first, if its PDC reads', async () => {
  await using deps = testDeps()
  const { stream, fates, given, fill, pdc: connect } = await scene(deps)
  await using pdc = await connect()
  pdc.socket.pause()
  await fill(2000)
  stream.close()
  pdc.socket.resume()
  await pdc.closed
  expect(dataOf(pdc)).toEqual(given)
  expect(fates.released).toEqual([])
})

it('nothing is said of a frame that another PDC has', async () => {
  await using deps = testDeps()
  const { server, stream, fates, pdc: connect } = await scene(deps)
  await using slow = await connect()
  await using healthy = await connect()
  slow.socket.pause()
  const isFull = (): boolean => server.status()[0]!.clients.some(({ bufferedBytes }) => bufferedBytes > 100_000)
  let sent = 0
  while (!isFull()) {
    for (let n = 0; n < 500; n++) stream.data(dataAt(sent++))
    await healthy.received(frameType.data, sent)
  }
  slow.socket.destroy()
  await until(() => stream.receivers === 1)
  expect([fates.went, fates.released, [...fates.waiting]]).toEqual([[], [], []])
})
