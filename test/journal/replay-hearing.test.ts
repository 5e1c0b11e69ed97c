import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Bus } from '../../src/bus/index.ts'
import { startReplayServer } from '../../src/journal/index.ts'
import { testDeps } from '../support/deps.ts'
import { MemoryBroker, type MemoryBus } from '../support/memory-bus.ts'
import { MemoryJournal } from '../support/memory-journal.ts'

const node = { area: 'area', locationType: 'secondary-station', locationId: '1156', nodeId: 'node' }
const QUESTION = 'area/secondary-station/1156/NODE/node/replay/node'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate'] }))
afterEach(() => void vi.useRealTimers())

async function serve() {
  const deps = testDeps()
  const broker = new MemoryBroker()
  const memory = broker.connect()
  const renew = vi.fn(() => true)
  const bus: Bus = Object.assign(memory, { renew })
  startReplayServer({ node, bytesPerS: 1e6 }, { ...deps, buses: [bus], journal: new MemoryJournal() })
  await vi.advanceTimersByTimeAsync(0)
  return {
    broker,
    memory: memory as MemoryBus,
    renew,
    asked: () => broker.published.filter(({ topic }) => topic === QUESTION).length,
    [Symbol.asyncDispose]: () => deps[Symbol.asyncDispose](),
  }
}

describe('a journal that is asked nothing', () => {
  it('asks itself, and is content to hear it', async () => {
    await using it = await serve()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(it.asked()).toBe(6)
    expect(it.renew).not.toHaveBeenCalled()
    // It is no request: nobody is answered, and nothing counted as refused.
    expect(it.broker.published.every(({ topic }) => topic === QUESTION)).toBe(true)
  })

  it('makes a new connection where a broker has lost what it subscribed', async () => {
    await using it = await serve()
    it.broker.passing = () => []
    await vi.advanceTimersByTimeAsync(14_999)
    expect(it.renew).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(it.renew).toHaveBeenCalledTimes(1)

    it.memory.lose()
    it.memory.restore()
    it.broker.passing = (message) => [message]
    await vi.advanceTimersByTimeAsync(60_000)
    expect(it.renew).toHaveBeenCalledTimes(1)
  })

  it('asks nothing while there is no connection, or while requests come', async () => {
    await using it = await serve()
    it.memory.lose()
    await vi.advanceTimersByTimeAsync(60_000)
    it.memory.restore()
    for (let n = 0; n < 60; n++) {
      it.broker.deliver({ topic: 'area/secondary-station/1156/PMU/765/replay/node', payload: new Uint8Array() })
      await vi.advanceTimersByTimeAsync(1000)
    }
    expect(it.asked()).toBe(0)
    expect(it.renew).not.toHaveBeenCalled()
  })
})
