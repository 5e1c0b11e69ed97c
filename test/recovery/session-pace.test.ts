import { describe, expect, it } from 'vitest'
import { SessionPace } from '../../src/recovery/session-pace.ts'

const PERIOD_MS = 20

/** A pace, live frames every 20 ms, and a backlog that takes all it may each 4 ms; lateness as told. */
function run(lateMs: (nowMs: number) => number, untilMs: number, hasRoom?: () => boolean) {
  let now = 0
  const pace = new SessionPace(() => now, hasRoom)
  pace.period(PERIOD_MS)
  let taken = 0
  for (; now < untilMs; now++) {
    if (now >= 1000 && now % 4 === 0) taken += pace.take(1000)
    if (now % PERIOD_MS === 0) pace.live(lateMs(now), now)
  }
  return { pace, taken }
}

describe('the pace of a session', () => {
  it('goes up while live frames come as they usually do', () => {
    const { pace, taken } = run(() => 1, 3000)
    expect(pace.perSecond).toBeGreaterThan(15_000)
    expect(taken).toBeGreaterThan(2 * 5000)
  })

  it('goes down at once when they come later, and up again after', () => {
    const late = run((now) => (now > 2000 ? 15 : 1), 2500)
    expect(late.pace.perSecond).toBeLessThan(500)
    const healed = run((now) => (now > 2000 && now < 2500 ? 15 : 1), 9000)
    expect(healed.pace.perSecond).toBeGreaterThan(5000)
  })

  it('takes what is usual for what is not late: a stream that jitters is no slow one', () => {
    const { pace } = run((now) => (now % 3 === 0 ? 8 : 1), 4000)
    expect(pace.perSecond).toBeGreaterThan(5000)
  })

  it('never stops altogether while there is room, and takes nothing without', () => {
    const late = run((now) => (now > 1000 ? 1000 : 1), 60_000)
    expect(late.pace.perSecond).toBeGreaterThanOrEqual(100)
    expect(late.taken).toBeGreaterThan(45 * 100)
    expect(
      run(
        () => 1,
        3000,
        () => false,
      ).taken,
    ).toBe(0)
  })
})
