import { describe, expect, it } from 'vitest'
import { FrameClock, type HeardTime } from '../../dashboard/src/live/frame-clock.ts'

/** True time when `performance.now()` was 0. */
const BEGIN_S = 1_700_000_000

interface Pmu {
  readonly latencyMs?: number
  /** Of its clock. */
  offsetS?: number
}

/** PMUs of 50 frames/s, and a page that draws 60 times a second. */
class Bench {
  nowMs = 0
  computerOffsetS = 0
  sleptS = 0
  isFlowing = true
  /** No frame has come since, and those of before are still told. */
  #told: HeardTime[] | undefined
  readonly pmus: Pmu[]
  readonly clock = new FrameClock(() => this.#heard(), {
    nowMs: () => this.nowMs,
    computerS: () => this.trueS + this.computerOffsetS,
  })

  constructor(...pmus: Pmu[]) {
    this.pmus = pmus
  }

  get trueS(): number {
    return BEGIN_S + this.sleptS + this.nowMs / 1000
  }

  /** What the clock tells from frame to frame. */
  run(seconds: number): number[] {
    return Array.from({ length: seconds * 60 }, () => {
      this.nowMs += 1000 / 60
      return this.clock.nowS
    })
  }

  /** Where `performance.now()` stands still meanwhile. */
  sleep(seconds: number): void {
    this.#told = this.#heard()
    this.sleptS += seconds
  }

  wake(): void {
    this.#told = undefined
  }

  get errorS(): number {
    return this.clock.nowS - this.trueS
  }

  #heard(): HeardTime[] {
    if (!this.isFlowing) return []
    if (this.#told) return this.#told
    return this.pmus.map(({ latencyMs = 10, offsetS = 0 }, n) => {
      const sentMs = Math.floor((this.nowMs - latencyMs) / 20) * 20
      const timeS = BEGIN_S + this.sleptS + sentMs / 1000 + offsetS
      return { topic: `area/s/1/PMU/${n}`, timeS, cameMs: sentMs + latencyMs }
    })
  }
}

describe('the time by the frames', () => {
  it('is that of this computer while no frame has come', () => {
    const bench = new Bench({})
    Object.assign(bench, { computerOffsetS: 45, isFlowing: false })
    bench.run(1)
    expect(bench.errorS).toBeCloseTo(45, 6)
    expect(bench.clock.computerAheadS).toBeUndefined()
  })

  it.each([45, -45, 86_400])(
    'is not moved by a clock of this computer that is ahead by %i s, and says so',
    (aheadS) => {
      const bench = new Bench({}, {}, {})
      bench.computerOffsetS = aheadS
      bench.run(1)
      expect(bench.errorS).toBeCloseTo(-0.01, 6)
      expect(bench.clock.computerAheadS).toBeCloseTo(aheadS + 0.01, 6)
    },
  )

  it('is that of the PMUs, whatever a minority of them says, also of two', () => {
    for (const pmus of [
      [{}, { offsetS: 3600 }, {}],
      [{}, { offsetS: -3600 }, {}],
      [{ offsetS: 3600 }, {}],
    ]) {
      const bench = new Bench(...pmus)
      bench.run(1)
      expect(bench.errorS).toBeCloseTo(-0.01, 6)
      expect(bench.clock.computerAheadS).toBeCloseTo(0.01, 6)
    }
  })

  it('is no earlier than the newest frame of those that came sooner than others', () => {
    const bench = new Bench({ latencyMs: 300 }, { latencyMs: 300 }, { latencyMs: 20 })
    bench.run(1)
    expect(bench.errorS).toBeCloseTo(-0.02, 6)
  })

  it('is an hour ago where all frames are', () => {
    const bench = new Bench({ offsetS: -3600 }, { offsetS: -3600 })
    bench.run(1)
    expect(bench.errorS).toBeCloseTo(-3600.01, 6)
    expect(bench.clock.computerAheadS).toBeCloseTo(3600.01, 6)
  })

  it('goes on evenly, never back, while latencies change', () => {
    const bench = new Bench({}, {})
    bench.run(1)
    const told: number[] = []
    for (const latencyMs of [400, 10, 90, 700, 15]) {
      bench.pmus.splice(0, 2, { latencyMs }, { latencyMs })
      told.push(...bench.run(5))
    }
    const steps = told.slice(1).map((timeS, at) => timeS - told[at]!)
    expect(Math.min(...steps)).toBeGreaterThan(0.89 / 60)
    expect(Math.max(...steps)).toBeLessThan(1.11 / 60)
    bench.run(10)
    expect(bench.errorS).toBeCloseTo(-0.015, 6)
  })

  it('goes on where no frames come, and follows them where their clocks were set', () => {
    const bench = new Bench({}, {}, {})
    bench.computerOffsetS = 45
    bench.run(1)
    bench.isFlowing = false
    bench.run(30)
    expect(bench.errorS).toBeCloseTo(-0.01, 6)
    bench.isFlowing = true
    for (const offsetS of [100, -100]) {
      for (const pmu of bench.pmus) pmu.offsetS = offsetS
      bench.run(5)
      expect(bench.errorS).toBeCloseTo(offsetS - 0.01, 6)
    }
  })

  it('is that of this computer after it slept, until frames come again', () => {
    const bench = new Bench({})
    bench.run(1)
    Object.assign(bench, { sleptS: 3600, isFlowing: false })
    bench.run(5)
    expect(bench.errorS).toBeCloseTo(0, 6)
    bench.isFlowing = true
    bench.run(1)
    expect(bench.errorS).toBeCloseTo(-0.01, 6)
  })

  it('takes no frame of before it slept for one of now', () => {
    const bench = new Bench({})
    bench.run(1)
    bench.sleep(8 * 3600)
    bench.run(1)
    expect([bench.errorS, bench.clock.computerAheadS]).toEqual([expect.closeTo(0, 6), undefined])
    bench.wake()
    bench.run(1)
    expect(bench.errorS).toBeCloseTo(-0.01, 6)
    expect(bench.clock.computerAheadS).toBeCloseTo(0.01, 6)
  })

  it('asks what was heard four times a second, however often it is read', () => {
    let asked = 0
    let nowMs = 0
    const heard = (): HeardTime[] => {
      asked++
      return [{ topic: 'a/s/1/PMU/1', timeS: BEGIN_S, cameMs: 0 }]
    }
    const clock = new FrameClock(heard, { nowMs: () => nowMs, computerS: () => BEGIN_S })
    for (; nowMs < 10_000; nowMs++) expect(clock.nowS).toBeCloseTo(BEGIN_S + nowMs / 1000, 6)
    expect(asked).toBe(40)
  })
})
