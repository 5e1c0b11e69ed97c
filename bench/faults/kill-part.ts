import { setTimeout as sleep } from 'node:timers/promises'
import { periodMs } from '../lab/ends/period.ts'
import { monotonicMs } from '../lab/monotonic.ts'
import { unreadBytes } from '../lab/unread.ts'
import { dataFrameBytes } from '../support/golden.ts'
import { pmuPort } from './line.ts'
import type { Part } from './parts.ts'
import type { Kill } from './set-apart.ts'

export const restartAfterMs = 500

/**
 * SIGKILL in mid-stream, as a power switch, and its start half a second later.
 * Stopped first, so that what it had not read can be counted.
 */
export async function killPart(part: Part): Promise<Kill & { readonly startedMs: number }> {
  const killedMs = monotonicMs()
  await part.process.stop()
  const stoppedMs = monotonicMs()
  const unread = Math.max(0, ...(await unreadBytes(part.process.pid, pmuPort)))
  await part.kill()
  const goneMs = monotonicMs()
  await sleep(restartAfterMs)
  const startedMs = monotonicMs()
  await part.start()
  const unreadFromMs = stoppedMs - Math.ceil(unread / dataFrameBytes) * periodMs
  return { killedMs, stoppedMs, unreadFromMs, goneMs, startedMs }
}
