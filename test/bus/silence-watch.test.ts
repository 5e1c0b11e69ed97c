import { describe, expect, it } from 'vitest'
import { type PublishCounts, SilenceWatch } from '../../src/bus/silence-watch.ts'

const none: PublishCounts = { taken: 0, settled: 0, oldest: 0 }

/** Ticks every 250 ms from `from` to `to`; what was found, with its time. */
function run(
  watch: SilenceWatch,
  [from, to]: readonly [number, number],
  at: (now: number) => PublishCounts | undefined = () => none,
): string[] {
  const found: string[] = []
  for (let now = from; now <= to; now += 250) {
    const verdict = watch.tick(now, at(now) ?? none)
    if (verdict !== 'alive') found.push(`${verdict} ${now}`)
  }
  return found
}

describe('a watch over a connection (2.5 s)', () => {
  it('pings every second, and finds who is not heard dead in time', () => {
    const watch = new SilenceWatch(2500)
    expect(run(watch, [0, 2500])).toEqual(['ping 1000', 'ping 2000', 'silent 2500'])
  })

  it('pings whoever only listens or is only listened to, and finds them alive', () => {
    const watch = new SilenceWatch(2500)
    const found = run(watch, [0, 60_000], (now) => {
      if (now % 1000 === 0) watch.heard()
      return none
    })
    expect(found).toHaveLength(60)
    expect(new Set(found.map((each) => each.split(' ')[0]))).toEqual(new Set(['ping']))
  })

  it('finds who falls silent over a subscription dead in time: it may as well be cut off', () => {
    const watch = new SilenceWatch(2500)
    const found = Array.from({ length: 11 }, (_, i) => watch.tick(i * 250, none, true))
    expect(found.indexOf('silent')).toBe(10)
  })

  it('has patience with one that made room for a subscription so long before, until it has been good for as long', () => {
    const watch = new SilenceWatch(2500, true)
    expect(Array.from({ length: 21 }, (_, i) => watch.tick(i * 250, none, true))).not.toContain('silent')
    watch.heard()
    expect(Array.from({ length: 11 }, (_, i) => watch.tick(5250 + i * 250, none, true))).not.toContain('silent')
    for (let now = 8000; now <= 10_500; now += 250) {
      watch.heard()
      watch.tick(now, none)
    }
    expect(watch.isProved).toBe(true)
    watch.heard()
    const found = Array.from({ length: 11 }, (_, i) => watch.tick(10_750 + i * 250, none, true))
    expect(found.indexOf('silent')).toBe(10)
  })

  it('has patience with one that refused a subscription: it asks again', () => {
    const watch = new SilenceWatch(2500)
    watch.refused()
    const found = Array.from({ length: 41 }, (_, i) => watch.tick(i * 250, none, true))
    expect(found.indexOf('silent')).toBe(40)
  })

  it('has patience with the next one', () => {
    const watch = new SilenceWatch(2500, true)
    const waiting = { taken: 5, settled: 0, oldest: 0 }
    const found = Array.from({ length: 41 }, (_, i) => watch.tick(i * 250, waiting, true))
    expect(found.filter((each) => each !== 'alive' && each !== 'ping')).toEqual(['silent'])
    expect(found.at(-1)).toBe('silent')
  })

  it('has none with one that answers pings meanwhile, and acknowledges nothing', () => {
    const watch = new SilenceWatch(2500)
    const found = Array.from({ length: 20 }, (_, i) => {
      if (i % 4 === 0) watch.heard()
      return watch.tick(i * 250, { taken: 5, settled: 0, oldest: 0 }, true)
    })
    expect(found.indexOf('unacknowledged')).toBe(10)
  })

  it('blames nobody for its own lateness', () => {
    const watch = new SilenceWatch(2500)
    run(watch, [0, 1500])
    // The loop stood still; the answer waits in the socket and is read after this look.
    expect(watch.tick(60_000, none)).not.toBe('silent')
    watch.heard()
    expect(run(watch, [60_250, 62_500]).filter((each) => each.startsWith('silent'))).toEqual([])
    expect(run(watch, [62_750, 62_750])).toEqual(['silent 62750'])
  })

  it('finds a broker dead that acknowledges nothing, though it answers pings', () => {
    const watch = new SilenceWatch(2500)
    const found = run(watch, [0, 5000], (now) => {
      watch.heard()
      return now < 1000 ? none : { taken: now / 10, settled: 90, oldest: 90 }
    })
    expect(found.find((each) => each.startsWith('unacknowledged'))).toBe('unacknowledged 3500')
  })

  it('has patience with one that acknowledges slowly', () => {
    const watch = new SilenceWatch(2500)
    const found = run(watch, [0, 12_000], (now) => {
      watch.heard()
      const settled = Math.floor(now / 2000)
      return { taken: 10_000, settled, oldest: settled }
    })
    expect(found.some((each) => each.startsWith('unacknowledged'))).toBe(false)
  })

  it('loses it when one publish is never acknowledged, though others are', () => {
    const watch = new SilenceWatch(2500)
    const found = run(watch, [0, 20_000], (now) => {
      watch.heard()
      return { taken: now + 10, settled: now, oldest: 5 }
    })
    expect(found.find((each) => each.startsWith('unacknowledged'))).toBe('unacknowledged 15000')
  })

  it('expects nothing while nothing is read on purpose, and goes on pinging', () => {
    const watch = new SilenceWatch(2500)
    watch.pause(true)
    expect(run(watch, [0, 10_000]).length).toBe(10)
    watch.pause(false)
    expect(run(watch, [10_250, 12_500]).filter((each) => each.startsWith('silent'))).toEqual([])
    expect(run(watch, [12_750, 12_750])).toEqual(['silent 12750'])
  })
})
