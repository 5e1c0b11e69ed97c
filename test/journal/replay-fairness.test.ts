import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Pace } from '../../src/journal/replay-server-pace.ts'
import { FairQueue } from '../../src/journal/replay-server-queue.ts'

describe('the queue of requests', () => {
  it('gives every requester one turn after the other, each in its own order, and never more than fits', () => {
    const requester = fc.constantFrom('a', 'b', 'c', 'd')
    const step = fc.oneof({ weight: 3, arbitrary: requester }, { weight: 1, arbitrary: fc.constant(undefined) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new FairQueue<{ of: string; n: number }>(20, 8)
        /** What waits, and how many turns others had since each requester began to wait. */
        const model = new Map<string, number[]>()
        const passed = new Map<string, number>()
        for (const [n, of] of steps.entries()) {
          if (of !== undefined) {
            const line = model.get(of) ?? []
            const isFull = queue.size === 20
            const most = Math.max(0, ...[...model.values()].map(({ length }) => length))
            const refused = queue.offer(of, { of, n })
            if (refused?.n !== n) model.set(of, [...line, n])
            if (!refused) expect(isFull).toBe(false)
            else if (refused.n === n) expect(line.length === 8 || (isFull && line.length + 1 >= most)).toBe(true)
            else {
              // Who had most, and more than the other now has, gave its newest.
              const longest = model.get(refused.of)!
              expect([isFull, longest.at(-1)]).toEqual([true, refused.n])
              expect(longest.length).toBe(most)
              expect(most).toBeGreaterThan(line.length + 1)
              model.set(refused.of, longest.slice(0, -1))
            }
            expect(queue.size).toBeLessThanOrEqual(20)
            continue
          }
          const item = queue.take()
          if (!item) {
            expect([...model.values()].flat()).toEqual([])
            continue
          }
          const line = model.get(item.of)!
          expect(item.n).toBe(line[0])
          model.set(item.of, line.slice(1))
          for (const [other, waiting] of model) {
            const turns = other === item.of || waiting.length === 0 ? 0 : (passed.get(other) ?? 0) + 1
            passed.set(other, turns)
            expect(turns).toBeLessThan(4)
          }
        }
        expect(queue.size).toBe([...model.values()].flat().length)
      }),
    )
  })
})

describe('the pace of answers', () => {
  it('is kept over any time, whatever is taken at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ count: fc.nat({ max: 5000 }), restMs: fc.nat({ max: 3000 }) }), { maxLength: 40 }),
        async (steps) => {
          const clock = new SteppedClock()
          const pace = new Pace(1000, 500, clock)
          let taken = 0
          for (const { count, restMs } of steps) {
            clock.nowMs += restMs
            await pace.take(count, new AbortController().signal)
            // What came before this one was paid for.
            expect(taken).toBeLessThanOrEqual(500 + clock.nowMs + 1)
            taken += count
          }
        },
      ),
    )
  })

  it('takes at once only what is there', () => {
    const clock = new SteppedClock()
    const pace = new Pace(1000, 500, clock)
    expect([pace.tryTake(400), pace.tryTake(200), pace.tryTake(100)]).toEqual([true, false, true])
    clock.nowMs += 200
    expect([pace.tryTake(201), pace.tryTake(200)]).toEqual([false, true])
  })

  it('lets go of who waits when it is over', async () => {
    const stop = new AbortController()
    const pace = new Pace(0.001, 1)
    await pace.take(10, stop.signal)
    const waiting = pace.take(1, stop.signal)
    stop.abort()
    await waiting
  })
})

class SteppedClock {
  nowMs = 0
  now = (): number => this.nowMs
  sleep = (delayMs: number): Promise<void> => {
    this.nowMs += delayMs
    return Promise.resolve()
  }
}
