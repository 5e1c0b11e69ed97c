import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AddressCounts, AllowList } from '../../src/link/admission.ts'
import { Answers } from '../../src/link/answers.ts'
import { HeldFrames } from '../../src/link/held-frames.ts'
import { SourceConfig } from '../../src/link/index.ts'
import { Paced } from '../../src/link/paced.ts'
import { silenceMs, stuckMs } from '../../src/link/silence.ts'
import { TokenBucket } from '../../src/runtime/token-bucket.ts'

describe('with the clock in hand', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
  afterEach(() => void vi.useRealTimers())

  it('a paced thing is done at once, then no two times within the interval, and not in vain', () => {
    const act = vi.fn<() => void>()
    const paced = new Paced(act)
    paced.want(1_000)
    expect(act).toHaveBeenCalledTimes(1)
    for (let n = 0; n < 10; n++) paced.want(1_000)
    vi.advanceTimersByTime(999)
    expect(act).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(1)
    expect(act).toHaveBeenCalledTimes(2)
    vi.advanceTimersByTime(10_000)
    expect(act).toHaveBeenCalledTimes(2)
  })

  it('a paced thing is done as early as the most urgent wants it', () => {
    const act = vi.fn<() => void>()
    const paced = new Paced(act)
    paced.want(1_000)
    paced.want(10_000)
    paced.want(1_000)
    vi.advanceTimersByTime(1_000)
    expect(act).toHaveBeenCalledTimes(2)
    paced.want(1_000)
    paced.stop()
    paced.want(0)
    vi.advanceTimersByTime(10_000)
    expect(act).toHaveBeenCalledTimes(2)
  })

  it('an answer comes, or its time passes, or all is over', async () => {
    const answers = new Answers<string>()
    const [comes, late, never] = [answers.wait('a', 100), answers.wait('b', 100), answers.wait('c', 1_000)]
    answers.arrived('a')
    vi.advanceTimersByTime(100)
    answers.arrived('b')
    answers.close()
    expect(await Promise.all([comes, late, never, answers.wait('d', 100)])).toEqual([true, false, false, false])
  })

  it('a token bucket lets a second’s worth through at once, then its rate', () => {
    const bucket = new TokenBucket(10)
    const take = (times: number): number => Array.from({ length: times }, () => bucket.take()).filter(Boolean).length
    expect(take(100)).toBe(10)
    vi.advanceTimersByTime(500)
    expect(take(100)).toBe(5)
    vi.advanceTimersByTime(60_000)
    expect(take(100)).toBe(10)
  })
})

describe('held frames', () => {
  it('are the newest that fit into both limits, in order, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 3_000 }),
        fc.integer({ min: 0, max: 1_500 }),
        fc.integer({ min: 0, max: 30_000 }),
        (sizes, frames, bytes) => {
          let dropped = 0
          const held = new HeldFrames({ frames, bytes }, () => dropped++)
          const all = sizes.map((size, n) => Uint8Array.from({ length: size }, () => n & 0xff))
          for (const frame of all) held.push(frame)

          const expected: Uint8Array[] = []
          let total = 0
          for (const frame of all.toReversed()) {
            total += frame.length
            if (expected.length === frames || total > bytes) break
            expected.unshift(frame)
          }
          const taken = held.take()
          expect(taken).toEqual(expected)
          expect(dropped).toBe(all.length - taken.length)
          expect(held.size).toBe(0)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('are not kept once they are dropped', async () => {
    const dropped: WeakRef<Uint8Array>[] = []
    const held = new HeldFrames({ frames: 10, bytes: 1000 }, (frame) => dropped.push(new WeakRef(frame)))
    for (let n = 0; n < 500; n++) held.push(new Uint8Array(100))
    await new Promise((resolve) => setImmediate(resolve))
    setFlagsFromString('--expose-gc')
    runInNewContext('gc')()
    expect(dropped.filter((frame) => frame.deref() !== undefined)).toEqual([])
    expect(held.size).toBe(10)
  })

  it('are copies: what they were cut from is not kept alive', () => {
    const held = new HeldFrames({ frames: 1, bytes: 100 }, () => {})
    const chunk = Buffer.alloc(65_536, 7)
    held.push(chunk.subarray(0, 54))
    expect(held.take()[0]?.buffer.byteLength).toBe(54)
  })
})

describe('silence', () => {
  const config = SourceConfig.parse({ transport: 'tcp://pmu', idcode: 1 })

  it.each([
    [50, 2_000, 500],
    [1, 4_000, 2_000],
    [-5, 20_000, 10_000],
    [0, undefined, 500],
  ])('of DATA_RATE %d is %s ms, a stuck frame %d ms', (dataRate, silent, stuck) => {
    expect(silenceMs(config, dataRate)).toBe(silent)
    expect(stuckMs(config, dataRate)).toBe(stuck)
  })
})

describe('who may connect', () => {
  it.each([
    [[], '192.0.2.1', true],
    [['10.0.0.0/8', 'fd00::/8'], '10.1.2.3', true],
    [['10.0.0.0/8', 'fd00::/8'], 'fd00::7', true],
    [['10.0.0.0/8', 'fd00::/8'], '192.0.2.1', false],
    [['192.0.2.1'], '192.0.2.1', true],
    [['192.0.2.1'], '192.0.2.2', false],
  ])('with the list %j, %s: %s', (networks, address, admitted) => {
    expect(new AllowList(networks).admits(address)).toBe(admitted)
  })

  it('is counted by address, and forgotten', () => {
    const counts = new AddressCounts()
    counts.add('a')
    counts.add('a')
    counts.remove('a')
    expect([counts.of('a'), counts.of('b')]).toEqual([1, 0])
    counts.remove('a')
    expect(counts.of('a')).toBe(0)
  })
})
