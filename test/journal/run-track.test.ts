import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RunTrack, Step } from '../../src/journal/run-track.ts'
import { PERIOD_US, slot } from './support/kept.ts'

function trackOf(first: number): RunTrack {
  const track = new RunTrack(0)
  track.periodUs = PERIOD_US
  track.begin(first)
  return track
}

describe('the run of a stream', () => {
  it('goes on with each later frame, over gaps of up to two seconds, and not back', () => {
    const track = trackOf(slot(0))
    expect([1, 2, 2, 1, 100, 101].map((n) => track.see(slot(n)))).toEqual([
      Step.onward,
      Step.onward,
      Step.none,
      Step.none,
      Step.onward,
      Step.onward,
    ])
    expect(track).toMatchObject({ firstUs: slot(0), lastUs: slot(101) })
  })

  it('goes on over four periods where those are longer', () => {
    const track = trackOf(0)
    track.periodUs = 60_000_000
    expect(track.see(180_000_000)).toBe(Step.onward)
    expect(track.see(600_000_000)).toBe(Step.none)
  })

  it('is moved by no frame of another time, nor by two, and begins anew with three that agree', () => {
    const track = trackOf(slot(0))
    expect([9000, 9001].map((n) => track.see(slot(n)))).toEqual([Step.none, Step.none])
    expect(track.lastUs).toBe(slot(0))
    expect(track.see(slot(9002))).toBe(Step.elsewhere)
    expect(track).toMatchObject({
      endedFirstUs: slot(0),
      endedLastUs: slot(0),
      firstUs: slot(9000),
      lastUs: slot(9002),
    })
  })

  it('is moved by no number of odd frames that come between right ones', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 200 }), (odd) => {
        const track = trackOf(slot(0))
        for (const [i, n] of odd.entries()) {
          const isOdd = Math.abs(n - i) > 300
          if (isOdd) expect(track.see(slot(n))).toBe(Step.none)
          expect(track.see(slot(i + 1))).toBe(Step.onward)
        }
        expect(track).toMatchObject({ firstUs: slot(0), lastUs: slot(odd.length) })
      }),
    )
  })
})
