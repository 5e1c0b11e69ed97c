import { setTimeout as sleep } from 'node:timers/promises'
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
  const unread = Math.max(0, ...(await unreadBytes(part.process.pid, pmuPort)))
  await part.kill()
  const goneMs = monotonicMs()
  await sleep(restartAfterMs)
  const startedMs = monotonicMs()
  await part.start()
  return { killedMs, goneMs, unread: Math.ceil(unread / dataFrameBytes), startedMs }
}
