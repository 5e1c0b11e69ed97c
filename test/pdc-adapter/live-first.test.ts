import { beforeEach, describe, expect, it } from 'vitest'
import { LiveFirstLane } from '../../src/pdc-adapter/live-first.ts'
import { FakeOutlet, frameOf } from './support/outlet.ts'

let outlet: FakeOutlet
let lane: LiveFirstLane

beforeEach(() => {
  outlet = new FakeOutlet()
  lane = new LiveFirstLane(outlet, 10)
})

/** Gives late frames while there is room; says how many. */
function giveLate(): number {
  let given = 0
  while (lane.lateRoom() > 0 && given < 10_000) {
    lane.late(frameOf(1))
    given++
  }
  return given
}

describe('late frames, with live-first', () => {
  it('have no room before a live frame, and then so many of it', () => {
    expect(giveLate()).toBe(0)
    expect(lane.live(frameOf(0), 0, 0)).toBe(true)
    expect(outlet.rooms).toBe(1)
    expect(giveLate()).toBe(10)
  })

  it('are not saved up: what was not used in time comes as no burst', () => {
    for (let n = 0; n < 100; n++) lane.live(frameOf(0), n, n * 20)
    expect(giveLate()).toBe(20)
  })

  it('go at the same pace by the clock where no live frame comes', () => {
    let given = 0
    lane.tick(950)
    giveLate()
    // A timer is not exact.
    for (let nowMs = 1000; nowMs <= 1950; nowMs += nowMs % 100 === 0 ? 30 : 70) {
      lane.tick(nowMs)
      given += giveLate()
    }
    expect(given).toBe((50 * 10 * 980) / 1000)
  })

  it('go at the pace of the live frames while those come', () => {
    let given = 0
    for (let nowMs = 0; nowMs < 1000; nowMs += 10) {
      if (nowMs % 20 === 0) lane.live(frameOf(0), nowMs, nowMs)
      if (nowMs % 50 === 0) lane.tick(nowMs)
      given += giveLate()
    }
    expect(given).toBe(50 * 10)
  })

  it('have no more room than a PDC has, and none while none is there', () => {
    lane.live(frameOf(0), 0, 0)
    outlet.lateRoom = 0
    expect(lane.lateRoom()).toBe(0)
    outlet.lateRoom = 3
    expect(lane.lateRoom()).toBe(3)
    outlet.receivers = 0
    expect(lane.lateRoom()).toBe(0)
    lane.tick(10_000)
    expect(outlet.rooms).toBe(0)
  })

  it('have room again when it is said so, which only those hear that had none', () => {
    lane.live(frameOf(0), 0, 0)
    expect(outlet.rooms).toBe(0)
    expect(giveLate()).toBe(10)
    for (let nowMs = 20; nowMs < 100; nowMs += 20) lane.live(frameOf(0), nowMs, nowMs)
    expect(outlet.rooms).toBe(1)

    outlet.takes = false
    expect(lane.late(frameOf(1))).toBe(false)
    outlet.takes = true
    lane.live(frameOf(0), 100, 100)
    expect(outlet.rooms).toBe(2)
  })

  it('wait for no live frame that nobody took: it is not held', () => {
    outlet.receivers = 0
    expect(lane.live(frameOf(0), 0, 0)).toBe(false)
    outlet.receivers = 1
    outlet.takes = false
    expect(lane.live(frameOf(0), 0, 0)).toBe(false)
    expect(lane.late(frameOf(1))).toBe(false)
  })
})
