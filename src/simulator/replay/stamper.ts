import { fractionOf, socOf, stampFrame } from '../../c37118/index.ts'
import type { Plan } from './plan.ts'
import type { ReplayConfig } from './replay-config.ts'
import { TimeShift } from './time-shift.ts'

/** Gives data frames the timestamps they are replayed with. */
export interface Stamper {
  /** When the first round begins, by the clock that `nowMs` came from. */
  readonly startMs: number
  frame(frame: Uint8Array, stream: number, round: number): Uint8Array
}

/**
 * `original` hands the recorded bytes on. `now` moves all streams by whole
 * seconds, so that FRACSEC stays as the source counted it, and begins at the
 * moment within the second at which the first stream's frames are due.
 */
export function createStamper(plan: Plan, config: ReplayConfig, nowMs: number): Stamper {
  if (config.timestamps === 'original') return { startMs: nowMs, frame: (frame) => frame }

  const latencyUs = config.latencyMs * 1000
  const [first = 0] = plan.offsetsUs
  const earliest = nowMs * 1000
  const ahead = modulo(plan.startUs + first + latencyUs - earliest, 1e6)
  const startUs = earliest + ahead
  const seconds = plan.offsetsUs.map((offset) => Math.floor((startUs - plan.startUs - offset - latencyUs) / 1e6 + 1e-3))
  const shifts = plan.streams.map(({ configuration }) => new TimeShift(configuration))
  return {
    startMs: startUs / 1000,
    frame(frame, stream, round) {
      const time = { soc: socOf(frame), fraction: fractionOf(frame) }
      // Not slice(): that of a Buffer is a view, and would stamp the recording.
      const stamped = new Uint8Array(frame)
      stampFrame(stamped, shifts[stream]!.apply(time, seconds[stream]!, round * plan.periodUs))
      return stamped
    },
  }
}

function modulo(a: number, b: number): number {
  return ((a % b) + b) % b
}
