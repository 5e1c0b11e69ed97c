import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { GapPuller } from '../../src/recovery/gap-puller.ts'
import { JournalNodes } from '../../src/recovery/journal-nodes.ts'
import { Pace } from '../../src/recovery/pace.ts'
import type { ReplayAnswer } from '../../src/recovery/replay-assembly.ts'
import type { ReplayClient } from '../../src/recovery/replay-client.ts'
import { testDeps } from '../support/deps.ts'
import { lacking } from './support/lacking.ts'

const SLOW_MS = 900

describe('a request into the void', () => {
  beforeEach(
    () =>
      void vi.useFakeTimers({
        toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
      }),
  )
  afterEach(() => void vi.useRealTimers())

  /** Streams are asked of at nodes of these names: one takes its time, one never answers, one does so the second time. */
  async function startPuller() {
    const asked: string[] = []
    const complete = { frames: [], cursor: undefined, throughUs: Number.MAX_SAFE_INTEGER, absent: [] }
    const answers = (nodeId: string): boolean =>
      nodeId === 'slow' || (nodeId === 'back' && asked.filter((one) => one === nodeId).length > 1)
    const client = {
      pull(_stream: string, nodeId: string) {
        asked.push(nodeId)
        return new Promise<ReplayAnswer>((resolve) => {
          if (answers(nodeId)) setTimeout(() => resolve(complete), nodeId === 'slow' ? SLOW_MS : 1)
        })
      },
    } as unknown as ReplayClient
    const deps = testDeps()
    const pace = new Pace({ pullBytes: 4096 })
    const puller = new GapPuller({ ...deps, consumer: 'test', client: () => client, renew: () => {}, pace: () => pace })
    const nodes = new JournalNodes()
    // No live frame for so long: there is none to harm.
    await vi.advanceTimersByTimeAsync(2000)
    return {
      asked,
      puller,
      ask(...nodeIds: readonly string[]) {
        for (const nodeId of nodeIds) puller.add(lacking(nodes, nodeId))
        puller.look()
      },
      async [Symbol.asyncDispose]() {
        puller.close()
        await deps[Symbol.asyncDispose]()
      },
    }
  }

  it('keeps its place for a second over a new connection, however slow the one before was', async () => {
    await using test = await startPuller()
    test.ask('slow')
    await vi.advanceTimersByTimeAsync(SLOW_MS)
    test.puller.restart()
    test.ask('silent', 'other')
    expect(test.asked).toEqual(['slow', 'silent'])
    await vi.advanceTimersByTimeAsync(1000)
    expect(test.asked).toEqual(['slow', 'silent', 'other'])
  })

  it('is made again as soon as its node answers another', async () => {
    await using test = await startPuller()
    test.ask('back', 'back')
    await vi.advanceTimersByTimeAsync(1000)
    expect(test.asked).toHaveLength(1)
    // Its rest is over; the second stream has its turn.
    await vi.advanceTimersByTimeAsync(1000)
    test.puller.look()
    expect(test.asked).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(test.asked).toHaveLength(3)
  })
})
