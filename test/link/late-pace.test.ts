import { describe, expect, it } from 'vitest'
import { LatePace } from '../../src/link/late-pace.ts'

const SAMPLE_MS = 20
const LIVE_BYTES = 60

interface LinkOptions {
  readonly bytesPerS: number
  readonly rttMs: number
  /** Acknowledgements come only so often. */
  readonly ackEveryMs?: number
  readonly forMs?: number
}

/** A link with a queue without end, live frames every 20 ms, and late ones as they are let go. Nothing waits for a clock. */
function over({ bytesPerS, rttMs, ackEveryMs = 1, forMs = 20_000 }: LinkOptions) {
  const pace = new LatePace()
  let [written, sent, late, acknowledged] = [0, 0, 0, 0]
  const carried: { atMs: number; sent: number }[] = []
  const queuedMs: number[] = []
  for (let atMs = 0; atMs < forMs; atMs++) {
    if (atMs % SAMPLE_MS === 0) {
      pace.sample(atMs, written, written - acknowledged)
      written += LIVE_BYTES
      while (pace.room > 0) {
        pace.spent(LIVE_BYTES)
        written += LIVE_BYTES
        late += LIVE_BYTES
      }
      queuedMs.push(((written - sent) / bytesPerS) * 1000)
    }
    sent = Math.min(written, sent + bytesPerS / 1000)
    carried.push({ atMs, sent })
    while (carried.length > 0 && carried[0]!.atMs <= atMs - rttMs) {
      const { sent: known } = carried.shift()!
      if (atMs % ackEveryMs === 0) acknowledged = Math.floor(known)
    }
  }
  return { latePerS: (late / forMs) * 1000, queuedMs }
}

const most = (values: readonly number[]): number => Math.max(...values)

describe('the pace of late frames', () => {
  it.each([
    { bytesPerS: 32_000, rttMs: 10 },
    { bytesPerS: 32_000, rttMs: 200 },
    { bytesPerS: 8_000, rttMs: 40 },
  ])('leaves no queue on a link of $bytesPerS bytes/s and $rttMs ms, and uses it', (link) => {
    const { queuedMs, latePerS } = over(link)
    expect(most(queuedMs.slice(0, 250))).toBeLessThan(1500)
    expect(most(queuedMs.slice(250))).toBeLessThan(200)
    expect(latePerS).toBeGreaterThan(0.25 * (link.bytesPerS - 50 * LIVE_BYTES))
  })

  it.each([5, 50, 300])('grows without a bound where nothing queues, after %i ms as well', (rttMs) => {
    expect(over({ bytesPerS: 50_000_000, rttMs, forMs: 5000 }).latePerS).toBeGreaterThan(1_000_000)
  })

  it('takes no acknowledgement that is held back for a queue', () => {
    expect(over({ bytesPerS: 50_000_000, rttMs: 10, ackEveryMs: 40, forMs: 5000 }).latePerS).toBeGreaterThan(1_000_000)
  })

  it('grows with frames that are larger than it allows at a time', () => {
    const pace = new LatePace()
    let frames = 0
    for (let atMs = 0; atMs < 5000; atMs += 20) {
      pace.sample(atMs, frames * 12_000, 0)
      for (; pace.room > 0 && frames < 1000; frames++) pace.spent(12_000)
    }
    expect(frames).toBe(1000)
  })

  it('stops as long as nothing is acknowledged', () => {
    const pace = new LatePace()
    for (let atMs = 0; atMs < 5000; atMs += 20) {
      pace.sample(atMs, atMs, atMs < 100 ? 0 : atMs - 100)
      if (atMs < 100) pace.spent(1)
    }
    expect(pace.room).toBe(0)
  })
})
