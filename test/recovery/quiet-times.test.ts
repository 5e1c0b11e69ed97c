import { describe, expect, it } from 'vitest'
import { QuietTimes } from '../../src/recovery/quiet-times.ts'

/** Frames at these milliseconds of each period of 20 ms, for a second. */
function seen(at: (n: number) => number, perPeriod = 10): QuietTimes {
  const quiet = new QuietTimes()
  quiet.turn(20)
  for (let period = 0; period < 50; period++) {
    for (let n = 0; n < perPeriod; n++) quiet.came(period * 20 + at(n))
  }
  quiet.turn(20)
  return quiet
}

describe('quiet times between live frames', () => {
  it('are found where frames come together', () => {
    const quiet = seen((n) => 5 + n * 0.3)
    expect(quiet.longestMs).toBe(17)
    expect(quiet.leftMs(1000 + 8)).toBe(17)
    expect(quiet.leftMs(1000 + 18.5)).toBe(6.5)
    expect(quiet.leftMs(1000 + 4.9)).toBeCloseTo(0.1)
    expect(quiet.leftMs(1000 + 6)).toBe(0)
  })

  it('are several where frames come at several instants', () => {
    const quiet = seen((n) => (n % 2 === 0 ? 1 : 12))
    expect(quiet.longestMs).toBe(10)
    expect(quiet.leftMs(2000 + 2)).toBe(10)
    expect(quiet.leftMs(2000 + 13)).toBe(8)
  })

  it('do not end for a frame that strays', () => {
    const quiet = seen((n) => (n === 0 ? 10 : 2), 100)
    expect(quiet.longestMs).toBe(19)
  })

  it('are none where frames come at any time, and where none come', () => {
    expect(seen((n) => n * 2 + 0.5).longestMs).toBe(1)
    expect(seen((n) => n, 20).longestMs).toBe(0)
    expect(seen(() => 0, 0).longestMs).toBe(0)
  })

  it('follow when the frames come at other times', () => {
    const quiet = seen(() => 1)
    for (let second = 0; second < 6; second++) {
      for (let n = 0; n < 500; n++) quiet.came((n % 50) * 20 + 11)
      quiet.turn(20)
    }
    expect(quiet.leftMs(1)).toBe(10)
    expect(quiet.leftMs(11)).toBe(0)
  })
})
