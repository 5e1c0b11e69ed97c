import { describe, expect, it } from 'vitest'
import { hostClock, runSchedule, type ScheduleClock } from '../../src/simulator/schedule.ts'
import { slotsOfSecond } from '../../src/simulator/slots.ts'

const START = 1_700_000_000

/** Time that passes only in `wait`, a little longer than asked, and by what work costs. */
function jumpingClock(startMs = START * 1000): ScheduleClock & { nowMs: number } {
  let late = 0
  return {
    nowMs: startMs,
    utcMs() {
      return this.nowMs
    },
    async wait(ms) {
      late = (late + 0.37) % 3
      this.nowMs += ms + late
    },
  }
}

interface Run {
  readonly slots: { readonly soc: number; readonly second: number; readonly index: number; readonly lateMs: number }[]
  readonly skips: number[]
}

async function run(
  clock: ScheduleClock,
  fractions: readonly number[],
  until: number,
  onSlot: (count: number) => void = () => {},
): Promise<Run> {
  const stop = new AbortController()
  const run: Run = { slots: [], skips: [] }
  await runSchedule({
    clock,
    signal: stop.signal,
    startSoc: START,
    fractions,
    delayMs: 5,
    catchUpMs: 10_000,
    onSlot(soc, second, index) {
      run.slots.push({ soc, second, index, lateMs: clock.utcMs() - (soc + fractions[index]!) * 1000 })
      onSlot(run.slots.length)
      if (run.slots.length === until) stop.abort()
    },
    onSkip: (seconds) => run.skips.push(seconds),
  })
  return run
}

describe('the schedule', () => {
  const fifty = slotsOfSecond([50]).map(({ fraction }) => fraction)

  it('makes every slot of an hour once, in order, and is no later at its end than at its start', async () => {
    const { slots, skips } = await run(jumpingClock(), fifty, 3600 * 50)
    expect(skips).toEqual([])
    expect(slots).toHaveLength(180_000)
    expect(slots.every(({ soc, index }, i) => soc === START + Math.floor(i / 50) && index === i % 50)).toBe(true)
    const worst = (part: typeof slots): number => Math.max(...part.map(({ lateMs }) => lateMs))
    expect(worst(slots.slice(0, 5000))).toBeLessThan(9)
    expect(worst(slots.slice(-5000))).toBeLessThan(9)
    expect(Math.min(...slots.slice(-5000).map(({ lateMs }) => lateMs))).toBeGreaterThanOrEqual(5)
  })

  it('makes up every slot of a stall', async () => {
    const clock = jumpingClock()
    const { slots, skips } = await run(clock, fifty, 1000, (count) => {
      if (count === 100) clock.nowMs += 8000
    })
    expect(skips).toEqual([])
    expect(slots.every(({ soc, index }, i) => soc === START + Math.floor(i / 50) && index === i % 50)).toBe(true)
  })

  it('skips whole seconds of a longer one, and says how many', async () => {
    const clock = jumpingClock()
    const { slots, skips } = await run(clock, fifty, 200, (count) => {
      if (count === 100) clock.nowMs += 3_600_000
    })
    expect(skips).toEqual([3599])
    expect(slots[100]).toMatchObject({ soc: START + 2 + 3599, second: 2, index: 0 })
  })

  it('goes back with a clock that is set back, instead of falling silent', async () => {
    const clock = jumpingClock()
    const { slots, skips } = await run(clock, fifty, 200, (count) => {
      if (count === 100) clock.nowMs -= 60_000
    })
    expect(skips).toHaveLength(1)
    expect(slots[100]?.soc).toBe(START + 2 + skips[0]!)
    expect(skips[0]).toBeLessThanOrEqual(-60)
    expect(slots[100]?.second).toBe(2)
  })

  it('lets other work run while it catches up', async () => {
    let waits = 0
    const base = jumpingClock()
    const clock: ScheduleClock = {
      utcMs: () => base.utcMs(),
      wait: (ms, signal) => {
        if (ms === 0) waits++
        return base.wait(ms, signal)
      },
    }
    await run(clock, fifty, 400, (count) => {
      // Each slot costs 2 ms; five seconds are behind.
      base.nowMs += 2
      if (count === 1) base.nowMs += 5000
    })
    expect(waits).toBeGreaterThan(50)
  })

  it('keeps real time, and ends at once when told to', async () => {
    const stop = new AbortController()
    const startSoc = Math.floor(Date.now() / 1000)
    let slots = 0
    await runSchedule({
      clock: hostClock,
      signal: stop.signal,
      startSoc,
      fractions: [0, 0.25, 0.5, 0.75],
      delayMs: 0,
      catchUpMs: 10_000,
      onSlot(soc, _second, index) {
        expect(Date.now()).toBeGreaterThanOrEqual((soc + index / 4) * 1000)
        if (++slots === 6) stop.abort()
      },
      onSkip: () => expect.unreachable(),
    })
    expect(slots).toBe(6)
  })
})
