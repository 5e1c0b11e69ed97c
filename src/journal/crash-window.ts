import type { LoadedStream } from './load-stream.ts'
import type { Delays } from './lock.ts'

const UNKNOWN_PERIOD_US = 20_000

/**
 * Up to when frames may have been received that were in memory alone when the
 * process was killed: the slots of a write delay. After a power cut also those
 * that were not synced. Null where every frame was written before it was used.
 */
export function crashWindowTo(
  { moment, periodUs = UNKNOWN_PERIOD_US }: Pick<LoadedStream, 'moment' | 'periodUs'>,
  { writeDelayMs, syncDelayMs, sameBoot }: Delays & { readonly sameBoot: boolean },
): number | null {
  if (!moment.online || !moment.run) return null
  const delayMs = sameBoot ? writeDelayMs : writeDelayMs + syncDelayMs
  if (delayMs === 0) return null
  const slots = Math.max(1, Math.ceil((delayMs * 1000) / periodUs))
  // To the middle between two slots: no rounding of a timestamp changes which are in it.
  return Math.round(moment.run.lastUs + (slots + 0.5) * periodUs)
}
