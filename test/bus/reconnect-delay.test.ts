import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import mqttPacket from 'mqtt-packet'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BrokerConfig, startBus } from '../../src/bus/index.ts'
import { testDeps } from '../support/deps.ts'
import { Watched } from '../support/watched.ts'

const FIRST_MS = 4
const FAILURES = 5

/** Waits before each further attempt, in ms. */
class Delays extends Watched {
  readonly all: number[] = []
  readonly #note = (facts: object): void => {
    if ('delayMs' in facts) this.all.push(facts.delayMs as number)
    this.changed()
  }
  readonly log = { debug: this.#note, info: () => {}, warn: this.#note, error: () => {} }
}

/** Hangs up a few times, then takes connections. */
async function startHesitantBroker() {
  const taken: Socket[] = []
  let count = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    if (++count <= FAILURES) {
      socket.destroy()
      return
    }
    taken.push(socket)
    socket.once('data', () =>
      socket.write(mqttPacket.generate({ cmd: 'connack', returnCode: 0, sessionPresent: false })),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `mqtt://127.0.0.1:${port}`,
    hangUp: () => taken.at(-1)!.destroy(),
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of taken) socket.destroy()
      await once(server, 'close')
    },
  }
}

describe('a connection that ends after some failures', () => {
  // The clock of ages stands still unless it is moved; timers run.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())

  /** The wait after a connection that lasted so long. */
  const delayAfter = async (lastedMs: number): Promise<number> => {
    await using broker = await startHesitantBroker()
    const delays = new Delays()
    await using deps = testDeps(delays.log)
    const retry = { firstDelayMs: FIRST_MS, maxDelayMs: 10_000 }
    const bus = deps.stops(startBus(BrokerConfig.parse({ url: broker.url, retry }), deps))
    await new Promise<void>((resolve) => void bus.onConnect(resolve))
    const before = delays.all.length
    vi.advanceTimersByTime(lastedMs)
    broker.hangUp()
    await delays.until(() => delays.all.length > before)
    return delays.all.at(-1)!
  }

  it('is made again soon when it had lasted for a while: the broker is back, and goes again', async () => {
    expect(await delayAfter(1500)).toBeLessThanOrEqual(FIRST_MS)
  })

  it('is made again later and later when it hardly lasted: two share a client id, or the broker refuses it so', async () => {
    expect(await delayAfter(500)).toBeGreaterThan(FIRST_MS * 2 ** (FAILURES - 1))
  })
})
