import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises'
import { utcMs } from '../runtime/clock.ts'

/** What the schedule needs of time. Tests pass one that jumps. */
export interface ScheduleClock {
  /** Milliseconds since the UNIX epoch. */
  utcMs(): number
  /** Resolves after `ms`, or when the signal aborts. 0 only lets other work run. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export interface ScheduleOptions {
  readonly clock: ScheduleClock
  readonly signal: AbortSignal
  /** SOC of the first second. */
  readonly startSoc: number
  /** Instants of each second, ascending, below 1. */
  readonly fractions: readonly number[]
  /** How long after its instant a slot is due. */
  readonly delayMs: number
  /**
   * How far behind the clock the schedule may be and still make every slot.
   * Beyond it (a suspended machine, a clock that was set) whole seconds are
   * skipped, or repeated when the clock was set back.
   */
  readonly catchUpMs: number
  /** `second` counts from 0 and never jumps: seconds that are skipped never happened to the grid. */
  readonly onSlot: (soc: number, second: number, index: number) => void
  /** Negative when the clock was set back and seconds come again. */
  readonly onSkip: (seconds: number) => void
}

/** Work between two looks at the sockets while catching up. */
const BURST_MS = 5

/** A clock that is set back is noticed within this. */
const LONGEST_WAIT_MS = 1000

/**
 * Calls `onSlot` once for every slot of every second, in order, never before
 * its time. Each slot's time comes from the UTC second it belongs to, not from
 * the slot before it, so lateness never adds up.
 */
export async function runSchedule(options: ScheduleOptions): Promise<void> {
  const { clock, signal, fractions, delayMs, catchUpMs, onSlot, onSkip } = options
  let soc = options.startSoc
  let second = 0
  let index = 0

  while (!signal.aborted) {
    let now = clock.utcMs()
    const burstEnds = now + BURST_MS
    let due = (soc + fractions[index]!) * 1000 + delayMs

    const offMs = now - due
    if (offMs > catchUpMs || offMs < -Math.max(catchUpMs, 1000) - 1000) {
      const seconds = Math.floor(offMs / 1000)
      soc += seconds
      due += seconds * 1000
      onSkip(seconds)
    }

    while (due <= now && now < burstEnds && !signal.aborted) {
      onSlot(soc, second, index)
      if (++index === fractions.length) {
        index = 0
        second++
        soc++
      }
      due = (soc + fractions[index]!) * 1000 + delayMs
      now = clock.utcMs()
    }
    await clock.wait(Math.min(Math.max(0, due - now), LONGEST_WAIT_MS), signal)
  }
}

/** The host's UTC, which NTP or PTP keeps, and its timers. */
export const hostClock: ScheduleClock = {
  utcMs,
  async wait(ms, signal) {
    try {
      await (ms > 0 ? sleep(Math.ceil(ms), undefined, { signal }) : breathe(undefined, { signal }))
    } catch (error) {
      if (!signal.aborted) throw error
    }
  },
}
