import { describe, expect, it } from 'vitest'
import { decodeStat } from '../../src/c37118/index.ts'
import { SimulatorEvent } from '../../src/simulator/events.ts'
import { messageTimeQuality, PmuClock, pmuTimeQuality } from '../../src/simulator/pmu-clock.ts'

const loss = (driftUsPerS: number, durationS: number) => ({
  event: SimulatorEvent.parse({ kind: 'time-sync-loss', pmu: 1, driftUsPerS, durationS }),
  startS: 100,
  endS: 100 + durationS,
  bus: -1,
  branch: -1,
  shuntG: 0,
  shuntB: 0,
})

describe("a PMU's clock", () => {
  it.each([
    [50e-9, 1],
    [0.5e-6, 2],
    [5e-6, 3],
    [50e-6, 4],
    [0.5e-3, 5],
    [5e-3, 6],
    [50e-3, 7],
    [10, 7],
  ])('that may be off by %f s has PMU_TQ %i', (error, code) => expect(pmuTimeQuality(error)).toBe(code))

  it.each([
    [0.5e-9, 1],
    [5e-9, 2],
    [0.5e-6, 4],
    [0.9e-3, 7],
    [0.5, 10],
    [5, 11],
    [50, 15],
  ])('that may be off by %f s has MSG_TQ %i', (error, code) => expect(messageTimeQuality(error)).toBe(code))

  it('says for how long it has been unlocked', () => {
    const clock = new PmuClock(2)
    clock.lose(loss(1, 5000))
    const codes = [99, 105, 150, 300, 2000, 5101].map((t) => {
      clock.read(t)
      const { synchronised, unlockedTime } = decodeStat(clock.stat)
      return { synchronised, unlockedTime }
    })
    expect(codes).toEqual([
      { synchronised: true, unlockedTime: 0 },
      { synchronised: false, unlockedTime: 0 },
      { synchronised: false, unlockedTime: 1 },
      { synchronised: false, unlockedTime: 2 },
      { synchronised: false, unlockedTime: 3 },
      { synchronised: true, unlockedTime: 0 },
    ])
  })

  it('grows worse, in its error and in what it says of it', () => {
    const clock = new PmuClock(2)
    clock.lose(loss(-20, 5000))
    clock.read(1100)
    expect(clock.errorS).toBeCloseTo(-0.02, 9)
    expect(decodeStat(clock.stat).timeQuality).toBe(7)
    expect(clock.timeQuality).toBe(9)
  })

  it('has no PMU_TQ before 2011', () => {
    expect(decodeStat(new PmuClock(2).stat).timeQuality).toBe(1)
    expect(new PmuClock(1).stat).toBe(0)
  })
})
