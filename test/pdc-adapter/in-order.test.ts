import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { InOrderLane, type WaitingRoom } from '../../src/pdc-adapter/in-order.ts'
import { StreamLedger } from '../../src/streams/index.ts'
import { frameAt, usOf } from '../streams/slot-frames.ts'
import { FakeOutlet, frameOf } from './support/outlet.ts'

let outlet: FakeOutlet
let lane: InOrderLane
let room: WaitingRoom

beforeEach(() => {
  room = { maxBytes: 64 * 1024 * 1024, usedBytes: 0, waitedOut: 0 }
  outlet = new FakeOutlet()
  lane = new InOrderLane(outlet, 1000, room)
})

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const live = (n: number, nowMs = 0) => lane.live(frameOf(n), n, nowMs)
/** As a consumer gives it: what is taken is pending no longer. */
function late(n: number, nowMs = 0) {
  const taken = lane.late(frameOf(n), n, nowMs)
  if (taken !== false) outlet.pending.delete(n)
  return taken
}

describe('frames, with in-order', () => {
  it('go at once while nothing is missing before them', () => {
    expect([1, 2, 3].map((n) => live(n))).toEqual([true, true, true])
    expect(outlet.sent).toEqual([1, 2, 3])
  })

  it('wait for the gap before them, and go when it is filled', async () => {
    live(1)
    outlet.pending.add(2).add(3)
    expect([live(4), live(5)]).toEqual(['kept', 'kept'])
    expect(late(2)).toBe(true)
    expect(late(3)).toBe(true)
    await nextTurn()
    expect(outlet.sent).toEqual([1, 2, 3, 4, 5])
    expect(outlet.outcomes).toEqual(['live 4 delivered', 'live 5 delivered'])
    expect(live(6)).toBe(true)
  })

  it('go when it is known that the gap will not be filled', () => {
    live(1)
    outlet.pending.add(2)
    live(3)
    lane.tick(10)
    expect(outlet.sent).toEqual([1])
    outlet.pending.clear()
    lane.tick(60)
    expect(outlet.sent).toEqual([1, 3])
  })

  it('wait no longer than the set time; what comes after that is too late', () => {
    live(1)
    outlet.pending.add(2)
    live(3, 0)
    live(4, 500)
    lane.tick(1001)
    expect(outlet.sent).toEqual([1, 3, 4])
    expect(room.waitedOut).toBe(1)
    expect(late(2)).toBe('too-late')
  })

  it('wait for nothing that could only come too late', () => {
    live(1)
    outlet.pending.add(2)
    live(3, 0)
    lane.tick(1001)
    expect(outlet.sent).toEqual([1, 3])
    // Nobody has 2, for days.
    expect([live(4, 1002), live(5, 1022)]).toEqual([true, true])
    outlet.pending.add(6)
    expect(live(7, 1062)).toBe('kept')
    expect(late(6, 1063)).toBe(true)
  })

  it('wait once for a gap that nothing fills, by the ledger of the stream', () => {
    const grid = { dataRate: 50, timeBase: 1_000_000 }
    const [soc, lost] = [1_700_000_000, [100, 101, 102, 103, 104]]
    const ledger = new StreamLedger()
    ledger.configuration(grid)
    outlet.pendingBetween = (afterUs, beforeUs) => ledger.pendingBetween(afterUs, beforeUs)
    const waitedMs: number[] = []
    for (let n = 0; n < 1000; n++) {
      const [frame, timeUs] = [frameAt(grid, soc, n), usOf(grid, soc, n)]
      if (!lost.includes(n) && ledger.live(frame, timeUs + 20_000) === 'fresh') {
        lane.live(frame, timeUs, n * 20)
        ledger.take()
      }
      lane.tick(n * 20)
      waitedMs.push((n - lost.length - outlet.sent.length + 1) * 20)
    }
    expect(Math.max(...waitedMs)).toBeLessThanOrEqual(1000 + 20)
    expect(waitedMs.slice(200)).toEqual(Array(800).fill(0))
  })

  it('are pending again when the last PDC leaves, and the next one begins anew', () => {
    live(5)
    outlet.pending.add(6)
    live(7)
    outlet.receivers = 0
    lane.tick(50)
    expect(outlet.outcomes).toEqual(['live 7 released'])
    expect(lane.live(frameOf(8), 8, 60)).toBe(false)
    outlet.receivers = 1
    outlet.pending.delete(6)
    // Also what is older than what the other had got.
    expect(lane.late(frameOf(3), 3, 70)).toBe(true)
  })

  it('go before the configuration changes, whatever is missing', () => {
    live(1)
    outlet.pending.add(2)
    live(3)
    live(4)
    lane.configuration()
    expect(outlet.sent).toEqual([1, 3, 4])
  })

  it('take a bounded memory: beyond it the oldest go', () => {
    live(1)
    outlet.pending.add(2)
    const large = new Uint8Array(65_535)
    for (let n = 3; n < 103; n++) lane.live(large, n, 0)
    expect(outlet.sent.length - 1).toBeGreaterThan(30)
    expect(outlet.sent.length - 1).toBeLessThan(40)
  })

  it('take a bounded memory over all streams', () => {
    room = { ...room, maxBytes: 5 }
    const lanes = [1, 2].map(() => new InOrderLane(outlet, 1000, room))
    outlet.pending.add(0)
    for (let n = 1; n <= 8; n++) lanes[n % 2]!.live(frameOf(n), n, 0)
    expect(room.usedBytes).toBe(5)
    expect(outlet.sent).toHaveLength(3)
    outlet.receivers = 0
    for (const one of lanes) one.tick(50)
    expect(room.usedBytes).toBe(0)
  })

  it('have no room for late ones while a PDC has much unsent', () => {
    expect(lane.lateRoom()).toBeGreaterThan(0)
    outlet.bufferedBytes = 1_000_000
    expect(lane.lateRoom()).toBe(0)
  })

  it('come in order of time, whatever comes late and in which order', async () => {
    const some = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1 })
    await fc.assert(
      fc.asyncProperty(some, fc.infiniteStream(fc.nat({ max: 3 })), async (missing, shuffle) => {
        outlet = new FakeOutlet()
        lane = new InOrderLane(outlet, 1000, room)
        const isLate = new Set(missing)
        for (let n = 0; n <= 61; n++) {
          if (isLate.has(n)) outlet.pending.add(n)
          else live(n)
        }
        // Nearly in order, as several journals give them.
        const later = [...isLate].toSorted((a, b) => a - b + (shuffle.next().value === 0 ? 1 : 0))
        for (const n of later) {
          late(n)
          await nextTurn()
        }
        lane.tick(50)
        expect(outlet.sent).toEqual(Array.from({ length: 62 }, (_, n) => n))
      }),
      { numRuns: 50 },
    )
  })
})
