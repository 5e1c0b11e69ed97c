import { describe, expect, it } from 'vitest'
import { type Configuration, type FrameTime, microsecondsOf, stampFrame } from '../../src/c37118/index.ts'
import { SlotGrid } from '../../src/streams/index.ts'
import { frameWriter, smallPmu } from '../support/stream-frames.ts'
import { HealedLedger } from './support/healed-ledger.ts'

const SOC = 1_700_000_000
/** 2017-01-01 00:00:00, before which the last leap second was inserted. */
const MIDNIGHT = 1_483_228_800
const PENDING = 0x10
const OCCURRED = 0x20

/** The `index`-th frame that is sent, with this time. */
function framesOf(configuration: Configuration) {
  const write = frameWriter({ ...configuration, dataRate: 1 })
  return (index: number, stamp: FrameTime & { readonly timeQuality?: number }): Uint8Array => {
    const frame = write(index)
    stampFrame(frame, stamp)
    return frame
  }
}

describe('what a journal recorded fills every gap', () => {
  it.each([
    ['at a rate below one', { dataRate: -2, timeBase: 1000 }],
    ['at a rate that does not divide its time base', { dataRate: 60, timeBase: 16_777_215 }],
    ['where FRACSEC counts hardly finer than the rate', { dataRate: 7, timeBase: 10 }],
  ])('%s', async (_case, grid) => {
    const configuration = { ...smallPmu(), ...grid, soc: SOC }
    const frame = framesOf(configuration)
    const slots = SlotGrid.of(grid)!
    const first = slots.slotFrom(SOC * 1e6)
    const sent = Array.from({ length: 100 }, (_, n) => slots.timeOf(first + n))
    const frames = sent.map((time, n) => frame(n, time))
    const healed = new HealedLedger(configuration)
    for (const [n, time] of sent.entries()) {
      const isLost = n > 0 && n < 99 && (n % 10 === 3 || (n > 50 && n < 70))
      if (!isLost) healed.live(frames[n]!, microsecondsOf(time, grid.timeBase) + 20_000)
    }
    healed.recorded('one', frames)
    await healed.heal()
    expect(healed.account).toMatchObject({ expected: 100, live: 73, late: 27, neverProduced: 0, pending: 0 })
  })
})

describe.each([
  ['23:59:59', MIDNIGHT - 1],
  ['00:00:00', MIDNIGHT],
])('an inserted second, where the device repeats %s,', (_variant, repeated) => {
  const configuration = { ...smallPmu(), soc: MIDNIGHT - 3 }
  const frame = framesOf(configuration)
  const seconds = [
    [MIDNIGHT - 2, PENDING],
    [MIDNIGHT - 1, PENDING],
    [repeated, PENDING],
    [MIDNIGHT, OCCURRED],
    [MIDNIGHT + 1, OCCURRED],
  ] as const
  const sent = seconds.flatMap(([soc, timeQuality], second) =>
    Array.from({ length: 50 }, (_, n) => frame(50 * second + n, { soc, fraction: n * 20_000, timeQuality })),
  )
  const cameBut = (from: number, to: number): HealedLedger => {
    const healed = new HealedLedger(configuration)
    for (const [n, one] of sent.entries()) {
      if (n < from || n >= to) healed.live(one, (MIDNIGHT - 2) * 1e6 + n * 20_000 + 20_000)
    }
    return healed
  }

  it.each([
    ['a part of it', 110, 150],
    ['all of it', 100, 150],
    ['it and what lies beside', 60, 190],
  ])('gets back %s', async (_case, from, to) => {
    const healed = cameBut(from, to)
    expect(healed.account).toMatchObject({ expected: 250, live: 250 - (to - from), conflicts: 0 })
    healed.recorded('one', sent)
    await healed.heal()
    expect(healed.account).toMatchObject({ expected: 250, late: to - from, neverProduced: 0, pending: 0, conflicts: 0 })
    expect(healed.late).toHaveLength(to - from)
  })
})
