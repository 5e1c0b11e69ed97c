import { LOCK_BEAT_MS } from '../runtime/process-lock.ts'
import type { LoadedStream } from './load-stream.ts'
import type { Delays, Left } from './lock.ts'

const UNKNOWN_PERIOD_US = 20_000
const BEAT_US = LOCK_BEAT_MS * 1000

/**
 * Up to when frames may have been received that were in memory alone when the
 * process was killed: the slots of a write delay. After a power cut also those
 * that were not synced; where the disk took nothing any more, all since then.
 * Null where every frame was written before it was used.
 */
export function crashWindowTo(
  { moment, periodUs = UNKNOWN_PERIOD_US, seen }: Pick<LoadedStream, 'moment' | 'periodUs' | 'seen'>,
  left: (Delays & { readonly sameBoot: true }) | Left,
): number | null {
  if (!moment.online || !moment.run) return null
  const { writeDelayMs, syncDelayMs, sameBoot } = left
  const delayUs = 1000 * (sameBoot ? writeDelayMs : writeDelayMs + syncDelayMs)
  const failingUs = 'aliveUs' in left && seen ? failingFor(seen, delayUs + periodUs, left) : 0
  if (delayUs + failingUs === 0) return null
  const slots = Math.max(1, Math.ceil((delayUs + failingUs) / periodUs))
  // To the middle between two slots: no rounding of a timestamp changes which are in it.
  return Math.round(moment.run.lastUs + (slots + 0.5) * periodUs)
}

/**
 * For how long the process lived on without writing a frame of a session that
 * had not ended: the disk did not take them, or the source had just fallen
 * silent, which nobody can tell apart. While the disk works the lock is a beat
 * later than the last frame at most.
 */
function failingFor(
  { anchorUs, lastUs, byNodeUs }: NonNullable<LoadedStream['seen']>,
  dueUs: number,
  { takenUs, aliveUs }: Left,
): number {
  // The session of a process before that one: it was killed before it could write that.
  if (anchorUs < takenUs) return 0
  // A node whose clock was set since then tells nothing, but the frames have the time too.
  const seenUs = lastUs <= aliveUs ? Math.max(lastUs, byNodeUs) : byNodeUs
  const quietUs = aliveUs - seenUs
  // It was killed before its next beat.
  return quietUs > dueUs + BEAT_US ? quietUs + BEAT_US : 0
}
