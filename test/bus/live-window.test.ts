import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InFlight } from '../../src/bus/in-flight.ts'
import { LaneProbe } from '../../src/bus/lane-probe.ts'
import { LiveWindow } from '../../src/bus/live-window.ts'

describe('a live window', () => {
  it('is open while its oldest unacknowledged frame is young enough', () => {
    const window = new LiveWindow(200)
    window.sent(0)
    window.sent(150)
    expect([window.isOpen(200), window.isOpen(201)]).toEqual([true, false])
    window.settled()
    expect([window.isOpen(350), window.isOpen(351)]).toEqual([true, false])
    window.settled()
    expect(window.isOpen(1e9)).toBe(true)
  })

  it('keeps the age of its oldest, whatever was sent and settled', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('send', 'send', 'settle'), { maxLength: 300 }), (steps) => {
        const window = new LiveWindow(10)
        const model: number[] = []
        let now = 0
        for (const step of steps) {
          now++
          if (step === 'send') {
            window.sent(now)
            model.push(now)
          } else {
            window.settled()
            model.shift()
          }
          expect(window.unacknowledged).toBe(model.length)
          expect(window.isOpen(now)).toBe(model[0] === undefined || now - model[0] <= 10)
        }
      }),
    )
  })

  it('closes at a count too, so that it stays small when time stands still', () => {
    const window = new LiveWindow(200)
    let sent = 0
    while (window.isOpen(0)) {
      window.sent(0)
      sent++
    }
    expect(sent).toBe(4096)
  })
})

describe('publishes in flight', () => {
  it('are settled once each, by their identifier', () => {
    const flight = new InFlight()
    const settled: number[] = []
    const ids = [1, 2, 3].map((index) => flight.take(() => settled.push(index)))
    flight.acknowledge(ids[1]!)
    flight.acknowledge(ids[1]!)
    flight.acknowledge(5)
    flight.acknowledge(0xffff)
    expect([settled, flight.count]).toEqual([[2], 2])
    const errors: (Error | undefined)[] = []
    flight.take((error) => errors.push(error))
    flight.fail(new Error('lost'))
    expect([settled, errors.map((error) => error?.message), flight.count]).toEqual([[2, 1, 3], ['lost'], 0])
  })

  it('are refused when the identifier in turn is still out, and come back after', () => {
    const flight = new InFlight()
    const ids = Array.from({ length: 32_768 }, () => flight.take())
    expect(new Set(ids).size).toBe(32_768)
    expect(Math.min(...ids)).toBe(0x8000)
    expect(flight.take()).toBe(0)
    flight.acknowledge(ids[0]!)
    expect(flight.take()).toBe(ids[0])
  })
})

describe('a probe of a lane', () => {
  it('is out once at a time, and tells the age of what is not answered', () => {
    const probe = new LaneProbe(25)
    expect([probe.due(0), probe.lagMs(0)]).toEqual([true, 0])
    probe.sent(0)
    expect([probe.due(100), probe.lagMs(100)]).toEqual([false, 125])
    probe.answered()
    expect([probe.due(24), probe.due(100), probe.lagMs(100)]).toEqual([false, true, 0])
  })
})
