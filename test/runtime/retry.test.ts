import { getEventListeners } from 'node:events'
import { expect, it } from 'vitest'
import { retryUntilAborted } from '../../src/runtime/retry.ts'

/** The waits after each of so many failures; `good` says which sessions had been established. */
async function waits(failures: number, random: () => number, good: (session: number) => boolean = () => false) {
  const stop = new AbortController()
  const delays: number[] = []
  let session = 0
  let listeners = 0
  await retryUntilAborted(
    async (established) => {
      listeners = getEventListeners(stop.signal, 'abort').length
      if (good(session++)) established()
      throw new Error('lost')
    },
    {
      firstDelayMs: 1,
      maxDelayMs: 8,
      signal: stop.signal,
      random,
      onFailure(_error, delayMs) {
        delays.push(delayMs)
        if (delays.length === failures) stop.abort()
      },
    },
  )
  return { delays, listeners }
}

it('waits twice as long after each failure, up to a bound', async () => {
  expect((await waits(6, () => 1)).delays).toEqual([1, 2, 4, 8, 8, 8])
})

it('spreads the waits over the upper half, so that many do not come back in step', async () => {
  expect((await waits(4, () => 0)).delays).toEqual([0.5, 1, 2, 4])
  const { delays } = await waits(4, Math.random)
  for (const [n, delay] of delays.entries()) {
    expect(delay).toBeGreaterThanOrEqual(2 ** n / 2)
    expect(delay).toBeLessThan(2 ** n)
  }
})

it('begins with the shortest wait again after a session that was established', async () => {
  expect(
    (
      await waits(
        5,
        () => 1,
        (session) => session === 3,
      )
    ).delays,
  ).toEqual([1, 2, 4, 1, 2])
})

it('leaves nothing at the signal, however often it was tried', async () => {
  expect((await waits(20, () => 0)).listeners).toBe(0)
})

it('ends well when aborted, whatever the session says of it', async () => {
  const stop = new AbortController()
  await retryUntilAborted(
    async () => {
      stop.abort()
      throw new Error('aborted')
    },
    { firstDelayMs: 1, maxDelayMs: 1, signal: stop.signal, onFailure: () => expect.unreachable() },
  )
  expect(stop.signal.aborted).toBe(true)
})
