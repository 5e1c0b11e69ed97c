import { beforeEach, describe, expect, it } from 'vitest'
import { timeUsOf } from '../support/memory-journal.ts'
import { frameWriter, smallPmu } from '../support/stream-frames.ts'
import { HealedLedger } from './support/healed-ledger.ts'

const configuration = smallPmu()
const frame = frameWriter(configuration)
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

let healed: HealedLedger
const live = (n: number): void => healed.live(frame(n), timeUsOf(frame(n)) + 20_000)

/** A node's journal is heard of, and has all of them. */
async function comesFrom(nodeId: string): Promise<void> {
  const frames = Array.from({ length: 100 }, (_, n) => frame(n))
  healed.recorded(nodeId, frames)
  await healed.heal()
  expect(healed.account).toMatchObject({ late: 98, pending: 0, lost: {} })
}

/** Live came the frames 0 and 99 alone, ten minutes ago. */
beforeEach(() => {
  healed = new HealedLedger(configuration)
  for (const n of [0, 99]) live(n)
})

describe('what no node tells of a journal of', () => {
  it('is given up a minute after the stream is followed, and no sooner', async () => {
    await healed.heal()
    healed.pass(MINUTE_MS - 1000)
    await healed.heal()
    expect(healed.account).toMatchObject({ pending: 98, lost: {} })
    healed.pass(MINUTE_MS)
    await healed.heal()
    expect(healed.account).toMatchObject({ pending: 0, lost: { 'no-journal': 98 } })
  })

  it('is given up when it is a minute old', async () => {
    healed.pass(2 * MINUTE_MS)
    // Of now: it is twelve minutes since frame 0, at 50 a second.
    live(12 * 60 * 50)
    await healed.heal()
    const lastMinute = 60 * 50
    expect(healed.account).toMatchObject({ pending: lastMinute, lost: { 'no-journal': 11 * 60 * 50 - 2 } })
  })

  it('is asked for after all when a journal is heard of', async () => {
    healed.pass(2 * MINUTE_MS)
    await healed.heal()
    expect(healed.account.lost).toEqual({ 'no-journal': 98 })
    await comesFrom('one')
  })
})

describe('what the only journal does not answer for', () => {
  beforeEach(() => healed.says('silent', { from: '', to: '' }))

  it('stays pending for as long as maxAgeDays says, and is given up then', async () => {
    // A week but for the ten minutes, and a second.
    for (const ms of [0, MINUTE_MS, 7 * DAY_MS - 11 * MINUTE_MS - 1000]) {
      healed.pass(ms)
      await healed.heal()
      expect(healed.account).toMatchObject({ pending: 98, lost: {} })
    }
    healed.pass(MINUTE_MS)
    await healed.heal()
    expect(healed.account).toMatchObject({ pending: 0, lost: { 'no-answer': 98 } })
  })

  it('comes late when it answers before', async () => {
    healed.pass(6 * DAY_MS)
    await healed.heal()
    await comesFrom('silent')
  })
})
