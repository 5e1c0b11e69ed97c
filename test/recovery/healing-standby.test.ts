import { beforeEach, describe, expect, it } from 'vitest'
import { timeUsOf } from '../support/memory-journal.ts'
import { frameWriter, smallPmu } from '../support/stream-frames.ts'
import { HealedLedger } from './support/healed-ledger.ts'

const configuration = smallPmu()
const frame = frameWriter(configuration)
const frames = (from: number, to: number): Uint8Array[] => Array.from({ length: to - from }, (_, n) => frame(from + n))
const isoOf = (n: number): string => new Date(timeUsOf(frame(n)) / 1000).toISOString()

let healed: HealedLedger

/** Live came the frames 0 and 99 alone; of what lay between, the first journal had half. */
beforeEach(async () => {
  healed = new HealedLedger(configuration)
  for (const n of [0, 99]) healed.live(frame(n), timeUsOf(frame(n)) + 20_000)
  healed.recorded('one', frames(0, 50))
  await healed.heal()
  expect(healed.account).toMatchObject({ late: 49, neverProduced: 49, pending: 0 })
})

describe('a journal that is heard of later', () => {
  it('is asked for what the others did not have', async () => {
    healed.recorded('two', frames(0, 80))
    expect(healed.account).toMatchObject({ neverProduced: 0, pending: 49 })
    await healed.heal()
    expect(healed.account).toMatchObject({ late: 79, neverProduced: 19, pending: 0, duplicates: 0 })
  })

  it('is asked when its disk works again', async () => {
    healed.says('two', null)
    await healed.heal()
    expect(healed.account).toMatchObject({ neverProduced: 49, pending: 0 })
    healed.recorded('two', frames(0, 100))
    await healed.heal()
    expect(healed.account).toMatchObject({ late: 98, neverProduced: 0, pending: 0 })
  })

  it('is not asked for what is older than its first frame', async () => {
    const journal = healed.recorded('two', frames(70, 100), isoOf(70))
    await healed.heal()
    expect(Math.min(...journal.queries.map(({ fromUs }) => fromUs))).toBeGreaterThan(timeUsOf(frame(69)))
    expect(healed.account).toMatchObject({ late: 49 + 29, neverProduced: 20, pending: 0 })
  })

  it('is not asked for the same again when it comes and goes', async () => {
    const journal = healed.recorded('two', frames(0, 80))
    await healed.heal()
    const asked = journal.queries.length
    for (const nodeId of ['two', 'one', 'two']) {
      healed.says(nodeId, null)
      healed.says(nodeId, { from: isoOf(0), to: isoOf(99) })
      await healed.heal()
    }
    expect(journal.queries.length).toBe(asked)
    expect(healed.account).toMatchObject({ late: 79, neverProduced: 19, pending: 0 })
  })

  it('is not asked for what nobody would take', async () => {
    healed.refusal = 'too-late'
    healed.recorded('two', frames(0, 80))
    await healed.heal()
    expect(healed.account).toMatchObject({ late: 49, lost: { 'too-late': 30 }, neverProduced: 19 })
    const journal = healed.recorded('three', frames(0, 80))
    await healed.heal()
    expect(Math.min(...journal.queries.map(({ fromUs }) => fromUs))).toBeGreaterThan(timeUsOf(frame(79)))
    expect(healed.account).toMatchObject({ late: 49, lost: { 'too-late': 30 }, neverProduced: 19 })
  })
})
