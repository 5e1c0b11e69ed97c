import { silentLog } from '../runtime/log.ts'
import { runUntilSignal } from '../runtime/main.ts'
import type { Running } from '../runtime/service.ts'

/**
 * Runs what `start` starts until SIGINT or SIGTERM, until `stop` is called, or
 * until it ends by itself. For verbs that a person watches: they end on their
 * own terms as well.
 */
export async function untilStopped(
  start: (signal: AbortSignal, stop: () => void) => Promise<readonly Running[]>,
): Promise<void> {
  const own = new AbortController()
  await runUntilSignal((signal) => start(AbortSignal.any([signal, own.signal]), () => own.abort()), silentLog)
}
