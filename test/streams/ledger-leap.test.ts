import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accountedFor, type Gap, StreamLedger } from '../../src/streams/index.ts'
import { frameAt } from './slot-frames.ts'

/** 2017-01-01 00:00:00, before which the last leap second was inserted. */
const MIDNIGHT = 1_483_228_800
const PENDING = 0x10
const OCCURRED = 0x20
const DELETED = 0x40

interface Sent {
  readonly soc: number
  readonly frame: Uint8Array
  readonly us: number
  /** By a clock that counts leap seconds, or ignores them: true time since the first frame. */
  readonly elapsedUs: number
}

/** What devices do with the inserted second: 23:59:59 comes twice, or 00:00:00 does. */
const variants = ['repeats 23:59:59', 'repeats 00:00:00'] as const
type Variant = (typeof variants)[number]

/** Ten seconds around midnight; every frame has bytes of its own. */
function secondsAround(variant: Variant): readonly (readonly [soc: number, quality: number])[] {
  const before = [-5, -4, -3, -2, -1].map((second) => [MIDNIGHT + second, PENDING] as const)
  const inserted = [variant === 'repeats 23:59:59' ? MIDNIGHT - 1 : MIDNIGHT, PENDING] as const
  const after = [0, 1, 2, 3, 4].map((second) => [MIDNIGHT + second, OCCURRED] as const)
  return [...before, inserted, ...after]
}

function sent(seconds: readonly (readonly [soc: number, quality: number])[], rate: number): Sent[] {
  return seconds.flatMap(([soc, quality], second) =>
    Array.from({ length: rate }, (_, index) => ({
      soc,
      frame: frameAt({ dataRate: rate, timeBase: 1_000_000 }, soc, index, second * rate + index, quality),
      us: soc * 1e6 + Math.round((index * 1e6) / rate),
      elapsedUs: second * 1e6 + Math.round((index * 1e6) / rate),
    })),
  )
}

function consumerOf(rate: number) {
  const grid = { dataRate: rate, timeBase: 1_000_000 }
  let ledger = new StreamLedger()
  ledger.configuration(grid)
  const utcOf = ({ elapsedUs }: Sent): number => (MIDNIGHT - 5) * 1e6 + elapsedUs + 20_000
  return {
    live(one: Sent) {
      const verdict = ledger.live(one.frame, utcOf(one))
      if (verdict === 'fresh') ledger.take()
      return verdict
    },
    /** A journal has what was sent in a range, in its order. */
    replay(gap: Gap, all: readonly Sent[]) {
      for (const { frame } of all.filter(({ us }) => us >= gap.fromUs && us < gap.toUs)) {
        if (ledger.late(frame, grid, (MIDNIGHT + 60) * 1e6) === 'fresh') ledger.take()
      }
    },
    restart() {
      ledger = StreamLedger.decode(ledger.encode())
      ledger.configuration(grid)
    },
    gaps: () => ledger.gaps(1000),
    absent: (gap: Gap) => ledger.absent([{ ...gap, verdict: 'never-produced' }]),
    account() {
      const account = ledger.account()
      expect(accountedFor(account)).toBe(account.expected)
      return account
    },
  }
}

describe.each(variants)('an inserted leap second, where the device %s', (variant) => {
  it.each([1, 10, 50, 60])('has %d frames of its own: no conflict, no duplicate', (rate) => {
    const all = sent(secondsAround(variant), rate)
    const consumer = consumerOf(rate)
    for (const one of all) expect(consumer.live(one)).toBe('fresh')
    expect(consumer.account()).toMatchObject({
      expected: 11 * rate,
      live: 11 * rate,
      pending: 0,
      conflicts: 0,
      duplicates: 0,
    })
  })

  it('comes once from two adapters', () => {
    const all = sent(secondsAround(variant), 50)
    const consumer = consumerOf(50)
    for (const one of all) expect([consumer.live(one), consumer.live(one)]).toEqual(['fresh', 'duplicate'])
    expect(consumer.account()).toMatchObject({ live: 550, duplicates: 550, conflicts: 0 })
  })

  it('is healed like any other, whatever of it was lost, restarts included', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 130 }), fc.integer({ min: 1, max: 70 })), { maxLength: 12 }),
        fc.boolean(),
        (runs, isRestarted) => {
          const all = sent(secondsAround(variant), 10)
          const consumer = consumerOf(10)
          // Runs of frames that come and of frames that do not; the first and the last come.
          const isLost = runs.flatMap(([come, lost]) => [...Array(come).fill(false), ...Array(lost).fill(true)])
          for (const [index, one] of all.entries()) {
            if (index === 0 || index === all.length - 1 || !isLost[index]) consumer.live(one)
            if (isRestarted && index === 57) consumer.restart()
          }
          expect(consumer.account()).toMatchObject({ expected: 110, conflicts: 0 })
          for (const gap of consumer.gaps()) consumer.replay(gap, all)
          const { live, late, pending, conflicts } = consumer.account()
          expect({ held: live + late, pending, conflicts }).toEqual({ held: 110, pending: 0, conflicts: 0 })
        },
      ),
      { numRuns: 200 },
    )
  })

  it('that nobody saw is known by the bits of the day after, and asked for', () => {
    const all = sent(secondsAround(variant), 50)
    const consumer = consumerOf(50)
    for (const one of all.filter(({ soc }) => soc < MIDNIGHT - 3 || soc > MIDNIGHT + 2)) consumer.live(one)
    expect(consumer.account()).toMatchObject({ expected: 550, pending: 550 - 4 * 50 })
    for (const gap of consumer.gaps()) consumer.replay(gap, all)
    expect(consumer.account()).toMatchObject({ expected: 550, live: 200, late: 350, pending: 0, conflicts: 0 })
  })

  it('that the device did not send ends as never produced', () => {
    const all = sent(secondsAround(variant), 50).filter(({ elapsedUs }) => Math.floor(elapsedUs / 1e6) !== 5)
    const consumer = consumerOf(50)
    for (const one of all) consumer.live(one)
    expect(consumer.account()).toMatchObject({ expected: 550, live: 500, pending: 50 })
    for (const gap of consumer.gaps()) consumer.absent(gap)
    expect(consumer.account()).toMatchObject({ expected: 550, live: 500, neverProduced: 50, pending: 0 })
  })
})

describe('a deleted leap second', () => {
  it('is a gap, and ends as never produced by the journal’s answer', () => {
    const seconds = [-3, -2, 0, 1, 2].map(
      (second) => [MIDNIGHT + second, DELETED | (second < 0 ? PENDING : OCCURRED)] as const,
    )
    const all = sent(seconds, 50)
    const consumer = consumerOf(50)
    for (const one of all) expect(consumer.live(one)).toBe('fresh')
    const gaps = consumer.gaps()
    expect(gaps.map(({ slots }) => slots)).toEqual([50])
    consumer.replay(gaps[0]!, all)
    consumer.absent(gaps[0]!)
    expect(consumer.account()).toMatchObject({ expected: 300, live: 250, neverProduced: 50, pending: 0 })
  })
})

describe('bits of a leap second that is none', () => {
  it('say nothing within a month, and nothing of a day whose end was not seen', () => {
    const day = 86_400
    for (const midnight of [MIDNIGHT + day, MIDNIGHT]) {
      const consumer = consumerOf(50)
      const first = midnight === MIDNIGHT ? 5 : -2
      for (const one of sent(
        [first, first + 1, first + 2, first + 3].map((second) => [midnight + second, OCCURRED] as const),
        50,
      )) {
        expect(consumer.live({ ...one, elapsedUs: one.us - (MIDNIGHT - 5) * 1e6 })).toBe('fresh')
      }
      expect(consumer.account()).toMatchObject({ expected: 200, live: 200 })
    }
  })

  it('are needed: without them a second that comes twice is a conflict', () => {
    const consumer = consumerOf(50)
    const all = sent(
      [-2, -1, -1, 0].map((second) => [MIDNIGHT + second, 0] as const),
      50,
    )
    for (const one of all) consumer.live(one)
    expect(consumer.account()).toMatchObject({ expected: 150, live: 150, conflicts: 50 })
  })
})
