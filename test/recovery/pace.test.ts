import { describe, expect, it } from 'vitest'
import { Pace } from '../../src/recovery/pace.ts'
import { type LinkOptions, simulate } from './support/simulated-link.ts'

/** 20 Mbit/s in bytes per millisecond. */
const MBIT20 = 2500
/** 150,000 frames of 54 bytes: a minute of 50 PMUs. */
const MINUTE = 150_000 * 54

const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * q)]!
const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0)

const run = (options: Partial<LinkOptions>) =>
  simulate({ bytesPerMs: MBIT20, streams: 50, backlog: MINUTE, untilMs: 20_000, ...options })

describe('the pace of pulls, over a simulated link', () => {
  it.each([1, 10, 50])('holds up no live frame of %i PMUs that measure at the same instants', (streams) => {
    const { steady, healing, healedMs } = run({ streams })
    expect(quantile(healing, 0.99)).toBeLessThan(1.1 * quantile(steady, 0.99))
    expect(most(healing)).toBeLessThan(most(steady) + 5)
    expect(healedMs).toBeLessThan(2000 + 60_000 / 8)
  })

  it.each([10, 50])('keeps live frames of %i PMUs in time that measure whenever they like', (streams) => {
    const { steady, healing, healedMs } = run({ streams, phaseMs: (stream) => (20 * stream) / streams })
    // Of the link alone; what lies around it takes some milliseconds more of every frame.
    const aroundMs = 4
    expect(quantile(healing, 0.99) + aroundMs).toBeLessThanOrEqual(2 * (quantile(steady, 0.99) + aroundMs))
    expect(most(healing)).toBeLessThan(most(steady) + 20)
    expect(healedMs).toBeLessThan(2000 + 60_000 / 5)
  })

  it('uses the whole link while nothing is live', () => {
    const { healedMs } = run({ streams: 0, fromMs: 0 })
    // The first second is for live frames to show up.
    expect(healedMs! - 1000).toBeLessThan((MINUTE / MBIT20) * 1.1)
  })

  it('asks for as much as a fast link and its journals can give', () => {
    const { healedMs, pace } = run({ streams: 0, fromMs: 0, bytesPerMs: 100_000, answerMs: 8 })
    expect(pace.windowBytes).toBe(4 * 65_536)
    expect(150_000 / ((healedMs! - 1000) / 1000)).toBeGreaterThan(50_000)
  })

  it('has never much more than a reporting period in the queue, so that what becomes live is not late', () => {
    const { healing } = run({ streams: 50, fromMs: 0, liveFromMs: 2500 })
    expect(most(healing)).toBeLessThan(2 * 20)
    expect(quantile(healing, 0.98)).toBeLessThan(10)
  })

  it('slows down at once when live frames become late, and for longer while they stay so', () => {
    // Another traffic fills the link from 4 s to 6 s: each frame 30 ms later.
    const seen: { readonly atMs: number; readonly speed: number }[] = []
    run({
      jitterMs: (atMs) => (atMs > 4000 && atMs < 6000 ? 30 : 0),
      watch: (atMs, { windowBytes, pauseMs }) => seen.push({ atMs, speed: windowBytes / (1 + pauseMs) }),
    })
    const slowest = (fromMs: number, toMs: number): number =>
      Math.min(...seen.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).map(({ speed }) => speed))
    expect(slowest(3000, 4000)).toBeGreaterThan(1000)
    expect(slowest(4050, 4500)).toBeLessThan(700)
    expect(slowest(5500, 6000)).toBeLessThan(200)
  })

  it('lives with a path whose live frames come unevenly anyway', () => {
    // 0 to 15 ms, by a rule that looks like none.
    const { healedMs } = run({ untilMs: 60_000, jitterMs: (atMs) => (Math.imul(atMs, 2_654_435_761) >>> 16) % 15 })
    expect(healedMs).toBeLessThan(40_000)
  })

  it('does not take for a queue that answers come as unevenly as live frames do', () => {
    // 0 to 100 ms: a radio link.
    const unevenMs = (atMs: number): number => (Math.imul(Math.floor(16 * atMs), 2_654_435_761) >>> 16) % 100
    const { steady, healing, healedMs } = run({ untilMs: 120_000, jitterMs: unevenMs, answerJitterMs: unevenMs })
    expect(healedMs).toBeLessThan(60_000)
    expect(quantile(healing, 0.99)).toBeLessThan(1.1 * quantile(steady, 0.99))
  })

  it('is not stopped by single frames that come late anyway, a few a second', () => {
    // One of 500 frames, 60 ms: a busy machine.
    let frames = 0
    const { healedMs } = run({
      untilMs: 120_000,
      jitterMs: () => ((Math.imul(++frames, 2_654_435_761) >>> 0) % 500 === 0 ? 60 : 0),
    })
    expect(healedMs).toBeLessThan(30_000)
  })

  it('pauses no longer where answers hold nothing: they tell that no pause is needed, too', () => {
    const pace = new Pace({ pullBytes: 65_536 })
    let nowMs = 0
    /** A pull whose answer has no frame, and a live frame so much too late. */
    const pull = (lateMs: number): void => {
      for (; pace.allowance(nowMs) === 0; nowMs += 20) pace.live(0, nowMs)
      pace.began(4096)
      nowMs += 3
      pace.ended(4096, nowMs, { bytes: 0, tookMs: 3 })
      pace.live(lateMs, ++nowMs)
    }
    pace.live(0, nowMs)
    while (pace.pauseMs < 1000) pull(100)
    for (let n = 0; n < 20; n++) pull(0)
    expect(pace.pauseMs).toBe(0)
    expect(pace.windowBytes).toBe(4096)
  })

  it('pauses between the smallest pulls where even they make live frames late', () => {
    // 512 kbit/s: 4 KiB take three reporting periods.
    const { healing, pace } = run({ streams: 1, bytesPerMs: 64, backlog: 200_000, untilMs: 60_000 })
    expect(pace.pauseMs).toBeGreaterThan(0)
    expect(quantile(healing, 0.5)).toBeLessThan(5)
  })

  it('is not stopped by a stream whose clock was set: that is no queue of ours', () => {
    const jitterMs = (atMs: number): number => (atMs > 3000 ? 8000 : 0)
    const { healedMs } = run({ streams: 5, backlog: 3 * MINUTE, untilMs: 40_000, jitterMs })
    expect(healedMs).toBeGreaterThan(11_000)
    expect(healedMs).toBeLessThan(30_000)
  })

  it('does not count as tried what was not used', () => {
    const pace = new Pace({ pullBytes: 65_536 })
    for (let nowMs = 0; nowMs < 10_000; nowMs += 20) {
      pace.live(0, nowMs)
      // Small gaps: an answer of one frame now and then.
      const bytes = pace.allowance(nowMs + 5)
      if (bytes === 0) continue
      pace.began(bytes)
      pace.ended(bytes, nowMs + 8, { bytes: 54, tookMs: 3 })
      pace.live(0, nowMs + 9)
    }
    expect(pace.windowBytes).toBe(4096)
  })

  it('pulls nothing while the connection of the live frames is away, unless it stays away', () => {
    const pace = new Pace({ pullBytes: 65_536 })
    pace.lost(1000)
    expect(pace.allowance(5000)).toBe(0)
    expect(pace.allowance(11_001)).toBe(4096)
    pace.lost(20_000)
    // The pulls' own connection was away, too, and for long.
    pace.restart(80_000)
    expect(pace.allowance(83_000)).toBe(0)
    pace.back(84_000)
    expect(pace.allowance(84_500)).toBe(0)
    expect(pace.allowance(85_001)).toBe(4096)
  })

  it('does not hurry when a connection is new: the first thing on it is what is live', () => {
    const pace = new Pace({ pullBytes: 65_536 })
    pace.restart(5000)
    expect(pace.allowance(5500)).toBe(0)
    pace.live(0, 5600)
    expect(pace.allowance(5601)).toBe(4096)
  })
})
