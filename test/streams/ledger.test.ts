import { describe, expect, it } from 'vitest'
import { accountedFor, type LedgerSettings, StreamLedger } from '../../src/streams/index.ts'
import { frameAt, usOf } from './slot-frames.ts'

const grid = { dataRate: 50, timeBase: 1_000_000 }
const T0 = 1_700_000_000

/** Slot numbers count from T0; the clock shows the time of the frame and 20 ms. */
function ledgerOf(settings?: Partial<LedgerSettings>) {
  const ledger = new StreamLedger(settings)
  ledger.configuration(grid)
  const frame = (index: number, content = 0) => frameAt(grid, T0, index, content)
  const us = (index: number) => usOf(grid, T0, index)
  return {
    ledger,
    us,
    frame,
    live(index: number, content = 0) {
      const verdict = ledger.live(frame(index, content), us(index) + 20_000)
      if (verdict === 'fresh') ledger.take()
      return verdict
    },
    late(index: number, content = 0) {
      const verdict = ledger.late(frame(index, content), grid, us(index) + 3_600_000_000)
      if (verdict === 'fresh') ledger.take()
      return verdict
    },
    account() {
      const account = ledger.account()
      expect(accountedFor(account)).toBe(account.expected)
      return account
    },
  }
}

describe('a ledger', () => {
  it('expects nothing before the first frame, and then every slot', () => {
    const { ledger, live, us, account } = ledgerOf()
    ledger.close(us(100))
    expect(account().expected).toBe(0)
    for (let index = 100; index < 150; index++) expect(live(index)).toBe('fresh')
    expect(account()).toMatchObject({ expected: 50, live: 50, pending: 0 })
  })

  it('expects nothing as long as nobody ever took a frame', () => {
    const { ledger, us, frame, live, account } = ledgerOf()
    for (let index = 0; index < 100; index++) {
      expect(ledger.live(frame(index), us(index))).toBe('fresh')
      ledger.close(us(index))
    }
    ledger.late(frame(50), grid, us(100))
    ledger.giveUp('other-configuration')
    expect(account()).toMatchObject({ expected: 0, pending: 0 })
    live(100)
    live(102)
    expect(account()).toMatchObject({ expected: 3, live: 2, pending: 1 })
  })

  it('is brought what it expects and lacks, and counts nothing else', () => {
    const { ledger, live, us, frame, account } = ledgerOf()
    const bring = (index: number, content = 0, now = us(1000)) => ledger.bring(frame(index, content), grid, now)
    expect(bring(5)).toBe(false)
    expect(account().expected).toBe(0)
    for (const index of [10, 11, 15, 20]) live(index)
    expect(bring(9)).toBe(false)
    expect(bring(10)).toBe(false)
    expect(bring(10, 1)).toBe(false)
    expect(bring(12.4)).toBe(false)
    expect([12, 13].map((index) => bring(index))).toEqual([true, true])
    expect(bring(12)).toBe(false)
    expect(bring(25)).toBe(true)
    expect(bring(40, 0, us(39))).toBe(false)
    expect(account()).toMatchObject({ expected: 16, live: 4, late: 3, pending: 9, duplicates: 0, conflicts: 0 })
    expect(account().outside).toEqual({})
    ledger.noteConflict()
    ledger.retire()
    expect(bring(30)).toBe(false)
    expect(bring(14)).toBe(true)
    expect(account()).toMatchObject({ expected: 16, late: 4, conflicts: 1 })
  })

  it('closes slots by a later frame: what is between is a gap', () => {
    const { ledger, live, us, account } = ledgerOf()
    live(0)
    live(5)
    expect(account()).toMatchObject({ expected: 6, live: 2, pending: 4 })
    expect(ledger.gaps(10)).toEqual([{ fromUs: us(1) - 10_000, toUs: us(4) + 10_000, slots: 4 }])
    expect(ledger.nextGap(us(3))).toEqual({ fromUs: us(3) - 10_000, toUs: us(4) + 10_000, slots: 2 })
    expect(ledger.nextGap(us(5))).toBeUndefined()
    expect(ledger.pendingIn(us(2), us(4))).toBe(2)
  })

  it('knows whether anything between the frames of two times is open', () => {
    const { ledger, live, us } = ledgerOf()
    for (const index of [0, 3, 9]) live(index)
    const ever = Number.NEGATIVE_INFINITY
    expect([us(1), us(2), us(20)].map((before) => ledger.pendingBetween(ever, before))).toEqual([false, true, true])
    expect([us(3), us(4), us(5)].map((before) => ledger.pendingBetween(us(2), before))).toEqual([false, false, true])
    expect([us(7), us(8), us(9)].map((after) => ledger.pendingBetween(after, us(20)))).toEqual([true, false, false])
  })

  it('takes a frame that was overtaken as it takes any other', () => {
    const { live, account } = ledgerOf()
    expect([live(0), live(2), live(1)]).toEqual(['fresh', 'fresh', 'fresh'])
    expect(account()).toMatchObject({ expected: 3, live: 3, pending: 0 })
  })

  it('closes slots by the clock while a stream is silent, until it is retired', () => {
    const { ledger, live, us, account } = ledgerOf({ closeAfterMs: 1000 })
    live(0)
    ledger.close(us(51))
    expect(account()).toMatchObject({ expected: 1, pending: 0 })
    ledger.close(us(150))
    expect(account()).toMatchObject({ expected: 99, pending: 98 })
    ledger.retire()
    ledger.close(us(1000))
    expect(account().expected).toBe(99)
    expect(live(1000)).toBe('fresh')
    expect(account()).toMatchObject({ expected: 100, pending: 98 })
  })

  it('waits longer for a stream whose frames always come late', () => {
    const { ledger, frame, us, account } = ledgerOf({ closeAfterMs: 1000 })
    for (let index = 0; index < 200; index++) {
      expect(ledger.live(frame(index), us(index) + 2_500_000)).toBe('fresh')
      ledger.take()
      ledger.close(us(index) + 2_510_000)
      expect(account().pending).toBe(0)
    }
  })

  it('tells the same bytes from others', () => {
    const { live, late, account } = ledgerOf()
    live(0)
    expect([live(0), live(0, 7), late(0), late(0, 7)]).toEqual(['duplicate', 'conflict', 'duplicate', 'conflict'])
    expect(account()).toMatchObject({ expected: 1, live: 1, duplicates: 2, conflicts: 2 })
  })

  it('takes a second frame of a slot of long ago as a duplicate: it cannot compare any more', () => {
    const { live, late, account } = ledgerOf()
    for (let index = 0; index < 2000; index++) live(index)
    expect([late(0, 7), late(1990, 7)]).toEqual(['duplicate', 'conflict'])
    expect(account()).toMatchObject({ expected: 2000, duplicates: 1, conflicts: 1 })
  })

  it('is not moved by frames that are stale, of the future, or off their slot', () => {
    const { ledger, live, us, frame, account } = ledgerOf()
    live(10)
    expect(ledger.live(frame(11 - 50 * 3600), us(11))).toBe('outside')
    expect(ledger.live(frame(10), us(10) + 61_000_000)).toBe('duplicate')
    expect(ledger.live(frame(11 + 50 * 6), us(11))).toBe('outside')
    expect(ledger.live(frameAt(grid, T0, 11.4), us(11))).toBe('outside')
    expect(account()).toMatchObject({ live: 1, duplicates: 1, outside: { stale: 1, future: 1, 'off-slot': 1 } })
    expect(live(11)).toBe('fresh')
    expect(account().live).toBe(2)
  })

  it('knows again what a broker kept for longer than its bytes are remembered, and was healed meanwhile', () => {
    const { ledger, live, late, us, frame, account } = ledgerOf()
    live(0)
    live(4000)
    for (let index = 1; index < 4000; index++) expect(late(index)).toBe('fresh')
    expect(ledger.live(frame(100), us(4010))).toBe('duplicate')
    // After an outage, too; but where nothing newer comes for long, it is the clock of the PMU that is wrong.
    const outage = us(4000) + 37_000_000
    expect(ledger.live(frame(101), outage)).toBe('duplicate')
    expect(ledger.live(frame(102), outage + 29_000_000)).toBe('duplicate')
    expect(ledger.live(frame(103), outage + 31_000_000)).toBe('outside')
    expect(account()).toMatchObject({ live: 2, late: 3999, duplicates: 3, outside: { stale: 1 } })
  })

  it('does not begin with a frame that the clock does not believe', () => {
    const { ledger, us, frame } = ledgerOf()
    expect(ledger.live(frame(0), us(0) + 3_600_000_000)).toBe('outside')
    expect(ledger.beganUs).toBeUndefined()
    expect(ledger.account().expected).toBe(0)
  })

  it('has no slots where nothing says a rate', () => {
    const ledger = new StreamLedger()
    expect(ledger.live(frameAt(grid, T0, 0), T0 * 1e6)).toBe('outside')
    ledger.configuration({ dataRate: 0, timeBase: 1_000_000 })
    expect(ledger.live(frameAt(grid, T0, 1), T0 * 1e6)).toBe('outside')
    expect(ledger.account().outside).toEqual({ 'no-grid': 2 })
  })

  it.each([
    ['off its slots', 0.4],
    ['of another year', -50 * 86_400 * 365],
    ['of the future', 50 * 60],
  ])('lets a frame %s stand outside once', (_case, by) => {
    const { ledger, live, us, account } = ledgerOf()
    live(0)
    const judge = (index: number, content = 0) => ledger.live(frameAt(grid, T0, index + by, content), us(0))
    expect([judge(0), judge(0), judge(1), judge(0), judge(0, 7)]).toEqual([
      'outside',
      'duplicate',
      'outside',
      'duplicate',
      'conflict',
    ])
    expect(account()).toMatchObject({ expected: 1, live: 1, duplicates: 2, conflicts: 1 })
    // As far as it remembers.
    for (let index = 2; index < 258; index++) expect(judge(index)).toBe('outside')
    expect([judge(2), judge(1)]).toEqual(['duplicate', 'outside'])
  })

  it('leaves a slot open whose frame nobody took, and offers it again', () => {
    const { ledger, us, frame, live, late, account } = ledgerOf()
    live(0)
    expect(ledger.live(frame(1), us(1))).toBe('fresh')
    expect(live(2)).toBe('fresh')
    expect(account()).toMatchObject({ expected: 3, live: 2, pending: 1 })
    expect(late(1)).toBe('fresh')
    expect(account()).toMatchObject({ expected: 3, live: 2, late: 1, pending: 0 })
  })

  it('gives a slot up that nobody will ever take, for its reason', () => {
    const { ledger, us, frame, live, account } = ledgerOf()
    live(0)
    expect(ledger.live(frame(1), us(1))).toBe('fresh')
    ledger.giveUp('other-configuration')
    expect(account()).toMatchObject({ expected: 2, lost: { 'other-configuration': 1 }, pending: 0 })
    expect(() => ledger.take()).toThrow('LEDGER_NOTHING_FRESH')
  })

  it('takes a frame back that did not get to its end', () => {
    const { ledger, us, live, late, account } = ledgerOf()
    for (const index of [0, 1, 2]) live(index)
    expect(ledger.release(us(1), 'live')).toBe(true)
    expect(ledger.release(us(1), 'live')).toBe(false)
    expect(account()).toMatchObject({ expected: 3, live: 2, pending: 1 })
    expect(late(1)).toBe('fresh')
  })
})

describe('what a journal answers', () => {
  it('ends what is pending in its ranges, by verdict and reason', () => {
    const { ledger, us, live, account } = ledgerOf()
    live(0)
    live(10)
    const ended = ledger.absent([
      { fromUs: us(0), toUs: us(3), verdict: 'never-produced' },
      { fromUs: us(3), toUs: us(5), verdict: 'not-received', reason: 'silent' },
      { fromUs: us(5), toUs: us(6), verdict: 'lost', reason: 'crash-window' },
      { fromUs: us(6), toUs: us(7), verdict: 'expired' },
      { fromUs: us(8), toUs: Number.POSITIVE_INFINITY, verdict: 'lost' },
    ])
    expect(ended).toBe(8)
    expect(account()).toMatchObject({
      expected: 11,
      live: 2,
      neverProduced: 2,
      notReceived: { silent: 2 },
      lost: { 'crash-window': 1, expired: 1, unknown: 2 },
      pending: 1,
    })
  })

  it('stands until a frame comes: that is better news', () => {
    const { ledger, us, live, late, account } = ledgerOf()
    live(0)
    live(3)
    ledger.absent([{ fromUs: us(1), toUs: us(3), verdict: 'lost', reason: 'no-journal' }])
    ledger.absent([{ fromUs: us(1), toUs: us(3), verdict: 'never-produced' }])
    expect(account()).toMatchObject({ lost: { 'no-journal': 2 }, neverProduced: 0 })
    expect(late(1)).toBe('fresh')
    expect(account()).toMatchObject({ expected: 4, late: 1, lost: { 'no-journal': 1 } })
  })

  it('may not fill the metrics with its reasons', () => {
    const { ledger, us, live, account } = ledgerOf()
    live(0)
    live(100)
    for (let index = 1; index < 100; index++) {
      const reason = index === 1 ? 'no "label"\n' : `reason-${index}`
      ledger.absent([{ fromUs: us(index), toUs: us(index + 1), verdict: 'not-received', reason }])
    }
    const { notReceived } = account()
    expect(Object.keys(notReceived).length).toBeLessThanOrEqual(25)
    expect(notReceived.other).toBeGreaterThan(70)
  })
})

describe('a ledger at its bounds', () => {
  it('takes back the newest of what was said, and loses nothing by it', () => {
    const { ledger, live, us, account } = ledgerOf({ maxGaps: 2 })
    live(0)
    for (const index of [2, 4, 6]) {
      live(index)
      ledger.absent([{ fromUs: us(0), toUs: us(index), verdict: 'not-received', reason: 'silent' }])
    }
    expect(ledger.reopen(us(0), us(7), new Set())).toBe(2)
    expect(ledger.gaps(100).map(({ fromUs }) => fromUs)).toEqual([us(3) - 10_000, us(5) - 10_000])
    expect(account()).toMatchObject({ expected: 7, live: 4, notReceived: { silent: 1 }, lost: {}, pending: 2 })
  })

  it('gives up the oldest gaps, and says so', () => {
    const { ledger, live, account } = ledgerOf({ maxGaps: 8 })
    for (let index = 0; index < 40; index += 2) live(index)
    expect(ledger.gaps(100)).toHaveLength(8)
    expect(account()).toMatchObject({ expected: 39, live: 20, lost: { 'too-many-gaps': 11 }, pending: 8 })
  })

  it('forgets where the oldest absences were, not how many', () => {
    const { live, late, account } = ledgerOf({ maxGaps: 8 })
    for (let index = 0; index < 200; index += 2) live(index)
    expect(late(1)).toBe('duplicate')
    expect(late(183)).toBe('fresh')
    expect(account()).toMatchObject({ expected: 199, live: 100, late: 1, pending: 7 })
  })
})

describe('another rate', () => {
  it('begins a new grid at its first frame; gaps of the old one stay open', () => {
    const { ledger, us, live, late, account } = ledgerOf()
    live(0)
    live(5)
    ledger.configuration({ dataRate: 10, timeBase: 1000 })
    // The old grid is waited for until the first frame of the new one: 200 ms after slot 0.
    const frame = frameAt({ dataRate: 10, timeBase: 1000 }, T0, 2)
    expect(ledger.live(frame, us(10))).toBe('fresh')
    ledger.take()
    expect(account()).toMatchObject({ expected: 11, live: 3, pending: 8 })
    expect(late(1)).toBe('fresh')
    expect(late(9)).toBe('fresh')
    expect(account()).toMatchObject({ expected: 11, late: 2, pending: 6 })
  })

  it('that was missed is taken from the frames that the journal has', () => {
    const { ledger, us, live, account } = ledgerOf()
    const slow = { dataRate: 10, timeBase: 1000 }
    live(0)
    ledger.close(us(200))
    ledger.configuration(slow)
    ledger.live(frameAt(slow, T0, 50), us(250))
    ledger.take()
    expect(account()).toMatchObject({ expected: 251, live: 2, pending: 249 })
    // It was 10 frames/s from the first second on.
    for (let index = 10; index < 50; index++) {
      expect(ledger.late(frameAt(slow, T0, index), slow, us(250))).toBe('fresh')
      ledger.take()
    }
    expect(account()).toMatchObject({ expected: 50 + 40 + 1, live: 2, late: 40, pending: 49 })
  })

  it('that was missed, there and back, is expected for as long as it was', () => {
    const { ledger, us, live, late, account } = ledgerOf()
    const slow = { dataRate: 10, timeBase: 1_000_000 }
    for (let index = 0; index < 100; index++) live(index)
    live(299)
    for (let index = 20; index < 40; index++) {
      expect(ledger.late(frameAt(slow, T0, index), slow, us(300))).toBe('fresh')
      ledger.take()
    }
    for (let index = 200; index < 299; index++) expect(late(index)).toBe('fresh')
    expect(account()).toMatchObject({ expected: 220, live: 101, late: 119, pending: 0 })
    expect(live(300)).toBe('fresh')
  })

  it('does not lay its frames over those of the old one', () => {
    const { ledger, us, live, account } = ledgerOf()
    for (let index = 0; index < 100; index++) live(index)
    ledger.configuration({ dataRate: 10, timeBase: 1000 })
    expect(ledger.live(frameAt({ dataRate: 10, timeBase: 1000 }, T0, 5), us(100))).toBe('outside')
    expect(account()).toMatchObject({ expected: 100, live: 100, outside: { stale: 1 } })
  })
})

describe('the clock of the consumer', () => {
  it('may run ahead and be set back: what it closed too early is open again', () => {
    const { ledger, us, live, account } = ledgerOf()
    live(0)
    ledger.close(us(50 * 3600))
    expect(account().pending).toBeGreaterThan(100_000)
    ledger.close(us(2))
    expect(account().pending).toBeLessThan(3)
    for (let index = 1; index < 100; index++) expect(live(index)).toBe('fresh')
    expect(account()).toMatchObject({ expected: 100, live: 100, pending: 0 })
  })
})

describe('what is kept of a ledger', () => {
  it('is all of it, and the time since is a gap', () => {
    const { ledger, us, live, late, account } = ledgerOf()
    live(0)
    live(10)
    ledger.absent([{ fromUs: us(1), toUs: us(3), verdict: 'not-received', reason: 'silent' }])
    late(4)
    const again = StreamLedger.decode(ledger.encode())
    expect(again.account()).toEqual(account())
    expect(again.gaps(10)).toEqual(ledger.gaps(10))
    again.configuration(grid)
    again.live(frameAt(grid, T0, 100), us(100))
    again.take()
    expect(again.account()).toMatchObject({ expected: 101, live: 3, late: 1, pending: 95 })
    expect(again.late(frameAt(grid, T0, 10), grid, us(100))).toBe('duplicate')
  })

  it('is refused where a byte of it is another', () => {
    const { ledger, live } = ledgerOf()
    for (const index of [0, 3, 4, 9]) live(index)
    const bytes = ledger.encode()
    for (let at = 0; at < bytes.length; at++) {
      const other = bytes.slice()
      other[at]! ^= 0x11
      expect(() => StreamLedger.decode(other)).toThrow(/LEDGER_(DAMAGED|VERSION)/)
      expect(() => StreamLedger.decode(bytes.subarray(0, at))).toThrow(/LEDGER_(DAMAGED|VERSION)/)
    }
  })
})
