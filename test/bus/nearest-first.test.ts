import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NearestFirst } from '../../src/bus/nearest-first.ts'

const settings = { holdMs: 10_000, maxHoldMs: 300_000 }

describe('the choice among several brokers', () => {
  it('takes the nearest, and after a failure the next', () => {
    const choice = new NearestFirst(3, settings)
    expect(choice.order()).toEqual([0, 1, 2])
    choice.used(0, 0)
    choice.failed(0, 1000)
    expect(choice.order()).toEqual([1, 2, 0])
    choice.failed(1, 2000)
    choice.failed(2, 3000)
    expect(choice.order()).toEqual([0, 1, 2])
  })

  it('goes back to the nearest when it has worked for long enough, without a break', () => {
    const choice = new NearestFirst(3, settings)
    choice.used(0, 0)
    choice.failed(0, 1000)
    choice.used(2, 1000)
    choice.healthy(0, true, 2000)
    choice.healthy(0, false, 11_000)
    choice.healthy(0, true, 12_000)
    choice.healthy(1, true, 13_000)
    expect(choice.better(2, 21_999)).toBeUndefined()
    expect(choice.better(2, 22_000)).toBe(0)
    choice.returned(2, 0)
    expect(choice.order()[0]).toBe(0)
  })

  it('waits twice as long after each relapse, up to five minutes, and forgives who was good for as long', () => {
    const choice = new NearestFirst(2, settings)
    const holds: number[] = []
    let now = 0
    const comeAndGo = (workedMs: number): void => {
      choice.used(0, now)
      now += workedMs
      choice.failed(0, now)
      choice.used(1, now)
      choice.healthy(0, true, now)
      const hold = choice.returnInMs(0, now)!
      holds.push(hold)
      now += hold
      choice.returned(1, 0)
    }
    for (let relapse = 0; relapse < 8; relapse++) comeAndGo(1000)
    expect(holds).toEqual([10, 20, 40, 80, 160, 300, 300, 300].map((s) => s * 1000))
    comeAndGo(300_000)
    expect(holds.at(-1)).toBe(10_000)
  })

  it('does not hold it against anyone that it could not be reached for long', () => {
    const choice = new NearestFirst(2, settings)
    for (let now = 0; now < 600_000; now += 5000) choice.failed(0, now)
    choice.healthy(0, true, 600_000)
    expect(choice.returnInMs(0, 600_000)).toBe(10_000)
  })

  it('moves seldom, however the nearer one comes and goes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 100, max: 60_000 }), { minLength: 200, maxLength: 400 }), (spells) => {
        const choice = new NearestFirst(2, settings)
        let [now, moves, isUp, current] = [0, 0, true, 0]
        choice.used(0, 0)
        for (const spell of spells) {
          const end = now + spell
          const returnIn = isUp && current === 1 ? choice.returnInMs(0, now) : undefined
          if (returnIn !== undefined && now + returnIn < end) {
            choice.returned(1, 0)
            choice.used(0, now + returnIn)
            current = 0
            moves++
          }
          now = end
          isUp = !isUp
          if (!isUp && current === 0) {
            choice.failed(0, now)
            choice.used(1, now)
            current = 1
            moves++
          } else choice.healthy(0, isUp, now)
        }
        // There and back: once for each doubling, and once in five minutes.
        expect(moves).toBeLessThanOrEqual(2 * (6 + now / 300_000))
      }),
    )
  })
})
