import { expect, it } from 'vitest'
import { LiveArrivals } from '../../src/recovery/live-arrivals.ts'
import { Pace } from '../../src/recovery/pace.ts'

const PERIOD_MS = 20

/** Frames in time, then a pull during which they come late by as much as slows it down. */
function afterLateFrames(live: (pace: Pace, lateMs: number, nowMs: number) => void, look: (pace: Pace) => void): Pace {
  const pace = new Pace({ pullBytes: 16_384 })
  let nowMs = 0
  for (; nowMs < 2000; nowMs += PERIOD_MS) live(pace, nowMs % 7, nowMs)
  look(pace)
  pace.began(4096)
  for (; nowMs < 2100; nowMs += PERIOD_MS) live(pace, 30, nowMs)
  return pace
}

it('live frames are looked at late while nothing is pulled, at once while something is, and in their order', () => {
  const atOnce = afterLateFrames(
    (pace, lateMs, nowMs) => pace.live(lateMs, nowMs),
    () => {},
  )
  const kept = new Map<Pace, LiveArrivals>()
  const arrivalsOf = (pace: Pace): LiveArrivals => {
    const arrivals = kept.get(pace) ?? new LiveArrivals(pace)
    kept.set(pace, arrivals)
    return arrivals
  }
  const waiting = afterLateFrames(
    (pace, lateMs, nowMs) => arrivalsOf(pace).add(lateMs, nowMs),
    (pace) => arrivalsOf(pace).look(),
  )
  expect(waiting.backedOff).toBeGreaterThan(0)
  expect(waiting.backedOff).toBe(atOnce.backedOff)
  expect(waiting.limitMs).toBe(atOnce.limitMs)
})

it('are looked at without being asked for before there are too many', () => {
  const pace = new Pace({ pullBytes: 4096 })
  const arrivals = new LiveArrivals(pace)
  for (let n = 0; n < 250; n++) arrivals.add(0, 5000 + n)
  expect(pace.isIdle(5250)).toBe(true)
  for (let n = 250; n < 300; n++) arrivals.add(0, 5000 + n)
  expect(pace.isIdle(5300)).toBe(false)
})
