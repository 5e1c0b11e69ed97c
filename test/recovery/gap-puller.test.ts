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

  it('keeps its place for a second over a new connection, however slow the one before was', async () => {
    await using deps = testDeps()
    const asked: string[] = []
    const complete = { frames: [], cursor: undefined, throughUs: Number.MAX_SAFE_INTEGER, absent: [] }
    const client = {
      pull(_stream: string, nodeId: string) {
        asked.push(nodeId)
        return new Promise<ReplayAnswer>((resolve) => {
          if (nodeId === 'slow') setTimeout(() => resolve(complete), SLOW_MS)
        })
      },
    } as unknown as ReplayClient
    const pace = new Pace({ pullBytes: 4096 })
    const puller = new GapPuller({ ...deps, consumer: 'test', client: () => client, renew: () => {}, pace })
    const nodes = new JournalNodes()
    // No live frame for so long: there is none to harm.
    await vi.advanceTimersByTimeAsync(2000)
    puller.add(lacking(nodes, 'slow'))
    puller.look()
    await vi.advanceTimersByTimeAsync(SLOW_MS)

    puller.restart()
    for (const nodeId of ['silent', 'other']) puller.add(lacking(nodes, nodeId))
    puller.look()
    expect(asked).toEqual(['slow', 'silent'])
    await vi.advanceTimersByTimeAsync(1000)
    expect(asked).toEqual(['slow', 'silent', 'other'])
    puller.close()
  })
})
