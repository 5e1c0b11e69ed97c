import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AbsentVerdict,
  type Account,
  accountedFor,
  type GridSource,
  type MissingStretch,
  StreamLedger,
  type Stretch,
  within,
} from '../../src/streams/index.ts'
import { NaiveLedger } from './naive-ledger.ts'
import { frameAt, usOf } from './slot-frames.ts'

const grid = { dataRate: 50, timeBase: 1_000_000 }
const periodUs = 20_000
const T0 = 1_700_000_000
const settings = { closeAfterMs: 200, staleAfterMs: 1000, futureAfterMs: 100 }
const usOfSlot = (slot: number): number => usOf(grid, T0, slot)

/** What may happen next; slots count from that of the clock. */
const events = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('live'), by: fc.integer({ min: -4, max: 2 }), content: content() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('live'), by: fc.integer({ min: -80, max: 12 }), content: content() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('late'), by: fc.integer({ min: -80, max: 12 }), content: content() }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('clock'), by: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clock'), by: fc.integer({ min: -30, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clock'), by: fc.integer({ min: 200, max: 700 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('close') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release'), by: fc.integer({ min: -60, max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retire') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reopen'),
      by: fc.integer({ min: -80, max: 0 }),
      length: fc.integer({ min: 1, max: 40 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('absent'),
      by: fc.integer({ min: -80, max: 0 }),
      length: fc.integer({ min: 1, max: 40 }),
      verdict: fc.constantFrom<AbsentVerdict[]>('never-produced', 'not-received', 'lost', 'expired'),
      reason: fc.constantFrom('silent', 'crash-window'),
    }),
  },
)
function content() {
  return fc.integer({ min: 0, max: 1 })
}
/** What is done with a frame that is fresh. */
const takings = fc.constantFrom('take', 'take', 'take', 'take', 'leave', 'give up')

const kindOf = (verdict: AbsentVerdict, reason: string): string =>
  verdict === 'never-produced' ? verdict : verdict === 'expired' ? 'lost expired' : `${verdict} ${reason}`

const slotsOf = (stretches: readonly MissingStretch[]): readonly string[] =>
  stretches.map(({ from, to, why, reason }) => `${from}-${to} ${why} ${reason}`).toSorted()

describe('a ledger, beside a naive one that keeps every slot', () => {
  it('says the same of every frame and of every slot, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(events, takings), { maxLength: 120 }), (steps) => {
        let ledger = new StreamLedger(settings)
        ledger.configuration(grid)
        const naive = new NaiveLedger({
          periodUs,
          closeAfterUs: 200_000,
          staleAfterUs: 1_000_000,
          futureAfterUs: 100_000,
        })
        // 100 µs after its slot, for no rounding to decide.
        let clock = 200
        const utcUs = (): number => clock * periodUs + 100
        const base = usOfSlot(0)
        for (const [event, taking] of steps) {
          if (event.kind === 'clock') clock = Math.max(100, clock + event.by)
          else if (event.kind === 'close') {
            ledger.close(base + utcUs())
            naive.close(utcUs())
          } else if (event.kind === 'retire') {
            ledger.retire()
            naive.retire()
          } else if (event.kind === 'restart') {
            ledger = StreamLedger.decode(ledger.encode(), settings)
            ledger.configuration(grid)
            naive.forgetContents()
          } else if (event.kind === 'release') {
            const slot = clock + event.by
            const lane = naive.lane(slot)
            if (lane) ledger.release(usOfSlot(slot), lane)
            naive.release(slot)
          } else if (event.kind === 'reopen') {
            const slot = clock + event.by
            const except = 'other-configuration'
            ledger.reopen(usOfSlot(slot), usOfSlot(slot + event.length), new Set([except]))
            naive.reopen(slot, slot + event.length, except)
          } else if (event.kind === 'absent') {
            const { by, length, verdict, reason } = event
            const slot = clock + by
            ledger.absent([{ fromUs: usOfSlot(slot), toUs: usOfSlot(slot + length), verdict, reason }])
            naive.absent(slot, slot + length, kindOf(verdict, reason))
          } else if ('content' in event) {
            const slot = clock + event.by
            const frame = frameAt(grid, T0, slot, event.content)
            const isLive = event.kind === 'live'
            const verdict = isLive ? ledger.live(frame, base + utcUs()) : ledger.late(frame, grid, base + utcUs())
            const other = isLive ? naive.live(slot, event.content, utcUs()) : naive.late(slot, event.content, utcUs())
            expect(verdict).toBe(other)
            if (verdict === 'fresh' && taking !== 'leave') {
              for (const one of [ledger, naive]) taking === 'take' ? one.take() : one.giveUp('other-configuration')
            }
          }
          const account = ledger.account()
          expect(account).toEqual(naive.account())
          expect(accountedFor(account)).toBe(account.expected)
          const open = naive.pendingSlots()
          expect(ledger.pending).toBe(open.length)
          expect(ledger.gaps(1000).reduce((sum, { slots }) => sum + slots, 0)).toBe(open.length)
          expect(ledger.nextGap(Number.NEGATIVE_INFINITY)?.fromUs).toBe(
            open.length === 0 ? undefined : usOfSlot(Math.min(...open)) - periodUs / 2,
          )
        }
        const first = T0 * grid.dataRate
        const states = new Map<number, string>()
        for (const { from, to } of ledger.expectedStretches())
          for (let slot = from; slot < to; slot++) states.set(slot - first, 'held')
        const [fromUs, toUs] = [usOfSlot(clock - 100), usOfSlot(clock - 5)]
        const missing = ledger.missingStretches(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
        for (const { from, to, why, reason } of missing)
          for (let slot = from; slot < to; slot++) states.set(slot - first, `${why} ${reason}`.trim())
        expect(states).toEqual(new Map([...naive.states()].toSorted(([a], [b]) => a - b)))
        const clipped = missing.flatMap((stretch) => within(stretch, fromUs, toUs) ?? [])
        expect(slotsOf(ledger.missingStretches(fromUs, toUs))).toEqual(slotsOf(clipped))
      }),
      { numRuns: 400 },
    )
  })
})

describe('a clock or a frame that was wrong', () => {
  const rates: fc.Arbitrary<GridSource> = fc.constantFrom(
    { dataRate: 50, timeBase: 1_000_000 },
    { dataRate: 10, timeBase: 1000 },
    { dataRate: 1, timeBase: 1 },
    { dataRate: -2, timeBase: 1000 },
  )

  it('leaves nothing pending 30 s later, or three frames later where those take longer', () => {
    const usual = fc.integer({ min: 0, max: 2000 })
    // Of the consumer's clock, set right later; of the PMU's, for a few frames.
    const wrongMs = fc.integer({ min: -4900, max: 4900 })
    fc.assert(
      fc.property(rates, usual, wrongMs, wrongMs, fc.nat({ max: 40 }), (source, usualMs, clockMs, frameMs, count) => {
        const ledger = new StreamLedger()
        ledger.configuration(source)
        const periodMs = source.dataRate > 0 ? 1000 / source.dataRate : -source.dataRate * 1000
        const settledMs = 60_000 + Math.max(30_000, 3 * periodMs)
        for (let n = 0; n * periodMs < settledMs + 20_000; n++) {
          const sentMs = n * periodMs
          const utcUs = T0 * 1e6 + (sentMs + usualMs + (sentMs < 60_000 ? clockMs : 0)) * 1000
          const isWrong = sentMs < 60_000 && sentMs >= 60_000 - count * 100
          for (const by of isWrong ? [0, Math.round(frameMs / periodMs)] : [0]) {
            const frame = frameAt(source, T0, Math.max(0, n + by))
            if (ledger.live(frame, utcUs) === 'fresh') ledger.take()
          }
          ledger.close(utcUs)
          if (sentMs >= settledMs) expect(ledger.pending, `${sentMs} ms`).toBe(0)
        }
      }),
      { numRuns: 60 },
    )
  })
})

const countOf = (stretches: readonly Stretch[]): number => stretches.reduce((sum, { from, to }) => sum + to - from, 0)

function byWhy(missing: readonly MissingStretch[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { why, reason, from, to } of missing) {
    const name = `${why} ${reason}`.trim()
    counts[name] = (counts[name] ?? 0) + to - from
  }
  return counts
}

function absencesOf({ neverProduced, notReceived, lost, pending }: Account): Readonly<Record<string, number>> {
  const named = (verdict: string, of: Readonly<Record<string, number>>) =>
    Object.entries(of).map(([reason, count]) => [`${verdict} ${reason}`, count] as const)
  const all = [
    ['never-produced', neverProduced] as const,
    ...named('not-received', notReceived),
    ...named('lost', lost),
    ['pending', pending] as const,
  ]
  return Object.fromEntries(all.filter(([, count]) => count > 0))
}

describe('a ledger of many rates', () => {
  const rates: fc.Arbitrary<GridSource> = fc.constantFrom(
    { dataRate: 50, timeBase: 1_000_000 },
    { dataRate: 60, timeBase: 1_000_000 },
    { dataRate: 60, timeBase: 16_777_215 },
    { dataRate: 10, timeBase: 1000 },
    { dataRate: 7, timeBase: 999_983 },
    { dataRate: 1, timeBase: 1 },
    { dataRate: -2, timeBase: 1000 },
  )

  it('adds up, keeps its eras apart, and has asked for all it lacks', () => {
    const steps = fc.array(
      fc.record({
        source: rates,
        lane: fc.constantFrom('live', 'live', 'late'),
        ms: fc.integer({ min: 0, max: 3000 }),
        backMs: fc.integer({ min: 0, max: 9000 }),
        isTaken: fc.boolean(),
      }),
      { maxLength: 80 },
    )
    fc.assert(
      fc.property(steps, fc.integer({ min: 2, max: 20 }), (all, maxGaps) => {
        const told: { expected: Stretch[]; missing: MissingStretch[] } = { expected: [], missing: [] }
        const archive = {
          expected: (stretch: Stretch) => void told.expected.push(stretch),
          missing: (stretch: MissingStretch) => void told.missing.push(stretch),
        }
        let ledger = new StreamLedger({ maxGaps }, archive)
        let ms = 0
        for (const { source, lane, ms: later, backMs, isTaken } of all) {
          ms += later
          const nowUs = T0 * 1e6 + ms * 1000
          const at = lane === 'live' ? ms : Math.max(0, ms - backMs)
          const index = Math.floor(at / (source.dataRate > 0 ? 1000 / source.dataRate : -source.dataRate * 1000))
          const frame = frameAt(source, T0, index, at)
          if (lane === 'live') ledger.configuration(source)
          const verdict = lane === 'live' ? ledger.live(frame, nowUs) : ledger.late(frame, source, nowUs)
          if (verdict === 'fresh' && isTaken) ledger.take()
          ledger.close(nowUs)

          const account = ledger.account()
          expect(accountedFor(account)).toBe(account.expected)
          const gaps = ledger.gaps(1000)
          expect(gaps.length).toBeLessThanOrEqual(maxGaps)
          expect(gaps.reduce((sum, { slots }) => sum + slots, 0)).toBe(account.pending)
          for (const [place, { fromUs, toUs }] of gaps.entries()) {
            expect(fromUs).toBeLessThan(toUs)
            if (place > 0) expect(fromUs).toBeGreaterThanOrEqual(gaps[place - 1]!.fromUs)
          }
          ledger = StreamLedger.decode(ledger.encode(), { maxGaps }, archive)
          const expected = [...told.expected, ...ledger.expectedStretches()]
          const missing = [
            ...told.missing,
            ...ledger.missingStretches(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
          ]
          expect(countOf(expected)).toBe(account.expected)
          expect(byWhy(missing)).toEqual(absencesOf(account))
          expect(ledger.account()).toEqual(account)
          expect(ledger.gaps(1000)).toEqual(gaps)
        }
        for (const { fromUs, toUs } of ledger.gaps(1000)) ledger.absent([{ fromUs, toUs, verdict: 'never-produced' }])
        expect(ledger.pending).toBe(0)
      }),
      { numRuns: 300 },
    )
  })
})
