import { expect, it } from 'vitest'
import { giveWay } from '../../src/historian/give-way.ts'

it('who gives way rests longer than others took in his turn', async () => {
  const busyMs = 6
  setImmediate(() => {
    for (const endMs = performance.now() + busyMs; performance.now() < endMs; );
  })
  const beganMs = performance.now()
  await giveWay()
  // A timer may be early by one.
  expect(performance.now() - beganMs).toBeGreaterThan(3 * busyMs - 2)
})
