import { setTimeout as passed, setImmediate as turn } from 'node:timers/promises'
import { monotonicMs } from '../runtime/clock.ts'

/** Less is the time that a turn itself takes. */
const NOTHING_MS = 0.5
const REST_PER_MS = 2
const LONGEST_REST_MS = 25

/**
 * Lets whoever else has something to do in this thread go first, and rests twice
 * as long as that took: what is read in bulk goes as fast as it can where nothing
 * is live, and has the less of the thread the busier it is.
 */
export async function giveWay(): Promise<void> {
  const beganMs = monotonicMs()
  await turn()
  const tookMs = monotonicMs() - beganMs
  if (tookMs > NOTHING_MS) await passed(Math.min(LONGEST_REST_MS, REST_PER_MS * tookMs))
}
