import { describe, expect, it } from 'vitest'
import { PdcClock } from '../../src/pdc/pdc-clock.ts'

const S = 1_000_000
const hour = 3600 * S
const T0 = 1_800_000_000 * S

/** Seconds go by; each input's frames are so much off the true time, and 20 ms under way. The host is so much off, too. */
function run(
  clock: PdcClock,
  { fromS, toS, inputs, hostUs }: { fromS: number; toS: number; inputs: readonly number[]; hostUs: number },
): string[] {
  const states: string[] = []
  for (let second = fromS; second <= toS; second++) {
    const trueUs = T0 + second * S
    const host = { utcUs: trueUs + hostUs, monotonicUs: second * S }
    clock.now(host)
    const ages = inputs.map((offUs) => hostUs - offUs + 20_000)
    clock.look(host, ages)
    states.push(clock.host)
  }
  return states
}
const usedError = (clock: PdcClock, second: number, hostUs: number): number =>
  clock.now({ utcUs: T0 + second * S + hostUs, monotonicUs: second * S }).utcUs - (T0 + second * S)

describe('the clock of a PDC', () => {
  it('is the host’s, which is slewed now and then', () => {
    const clock = new PdcClock()
    for (let second = 0; second < 100; second++) {
      run(clock, { fromS: second, toS: second, inputs: [0, 0], hostUs: second * 1000 })
      expect(Math.abs(usedError(clock, second, second * 1000) - second * 1000)).toBeLessThan(2000)
    }
    expect(clock.host).toBe('right')
  })

  it('stays as it is when one input is an hour off', () => {
    const clock = new PdcClock()
    expect(new Set(run(clock, { fromS: 0, toS: 60, inputs: [0, hour, 0], hostUs: 0 }))).toEqual(new Set(['right']))
    expect(usedError(clock, 60, 0)).toBe(0)
    // Of two nobody knows which; the host decides.
    const two = new PdcClock()
    expect(new Set(run(two, { fromS: 0, toS: 60, inputs: [0, -hour], hostUs: 0 }))).toEqual(new Set(['right']))
  })

  it('is what the inputs say, when most of them say for a while that the host’s is wrong', () => {
    const clock = new PdcClock()
    const states = run(clock, { fromS: 0, toS: 10, inputs: [0, 0, hour], hostUs: -hour })
    expect(states.indexOf('wrong')).toBe(5)
    expect(Math.abs(usedError(clock, 10, -hour))).toBeLessThan(100_000)
    expect(clock.differenceUs / hour).toBeCloseTo(-1)
    // Set right, it is followed again.
    expect(run(clock, { fromS: 11, toS: 12, inputs: [0, 0, hour], hostUs: 0 }).at(-1)).toBe('right')
    expect(usedError(clock, 12, 0)).toBe(0)
  })

  it('does not follow a host’s clock that jumps, unless the inputs follow it, too', () => {
    const clock = new PdcClock()
    run(clock, { fromS: 0, toS: 5, inputs: [0, 0], hostUs: 0 })
    run(clock, { fromS: 6, toS: 8, inputs: [0, 0], hostUs: hour })
    expect(usedError(clock, 8, hour)).toBe(0)
    run(clock, { fromS: 9, toS: 20, inputs: [], hostUs: hour })
    expect(usedError(clock, 20, hour)).toBe(0)
    run(clock, { fromS: 21, toS: 21, inputs: [hour, hour], hostUs: hour })
    expect(usedError(clock, 21, hour)).toBe(hour)
  })

  it('is that of the only input at once, on a host that has none', () => {
    const clock = new PdcClock()
    expect(run(clock, { fromS: 0, toS: 0, inputs: [0], hostUs: -T0 })).toEqual(['missing'])
    expect(Math.abs(usedError(clock, 0, -T0))).toBeLessThan(100_000)
  })

  it('is the host’s where nobody else says anything', () => {
    const clock = new PdcClock()
    expect(run(clock, { fromS: 0, toS: 10, inputs: [], hostUs: -hour }).at(-1)).toBe('right')
  })
})
