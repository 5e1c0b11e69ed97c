import { describe, expect, it } from 'vitest'
import { JournalNodes } from '../../src/recovery/journal-nodes.ts'
import { lacking } from './support/lacking.ts'

const at = (nowMs: number) => ({ nowMs, utcMs: nowMs })

describe('the streams of a node that did not answer one of them', () => {
  it('ask it when its rest is over, however often they would have', () => {
    const nodes = new JournalNodes()
    const [asking, waiting] = [lacking(nodes, 'one'), lacking(nodes, 'one')]
    let nowMs = 0
    for (const restMs of [1000, 2000, 4000]) {
      expect(asking.want(at(nowMs), 4096)).toMatchObject({ nodeId: 'one' })
      asking.asked(nowMs)
      asking.isWaitingFor('one', nowMs)
      asking.failed('one', at(nowMs))
      for (const ms of [0, restMs / 2, restMs - 1]) expect(waiting.want(at(nowMs + ms), 4096)).toBeUndefined()
      nowMs += restMs
      expect(waiting.want(at(nowMs), 4096), `after ${restMs} ms`).toMatchObject({ nodeId: 'one' })
    }
  })
})
