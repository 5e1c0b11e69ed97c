import { Stat } from '../c37118/index.ts'
import type { SimulatorEvent } from './events.ts'
import { type GridEvent, hasEnded, isActive } from './grid-event.ts'

/** What a receiver's clock claims while it is locked to UTC. */
const LOCKED_ERROR_S = 50e-9
/** What a free-running clock does not know of itself at first. */
const HOLDOVER_ERROR_S = 1e-6

/**
 * A PMU's clock: right, or running away since it lost its time source. It
 * locks again at once when the loss ends.
 */
export class PmuClock {
  /**
   * Seconds by which the clock is slow: a frame labelled T is measured at T
   * plus this, when the phasor has turned on.
   */
  errorS = 0
  /** Seconds per second. */
  driftRate = 0
  isLocked = true
  /** Bits 13 (not in sync), 8 to 6 (PMU_TQ) and 5 to 4 (unlocked time) of STAT. */
  stat = 0
  /** MSG_TQ, for the time-quality byte of FRACSEC. */
  timeQuality = 0

  readonly #hasTimeQuality: boolean
  #losses: readonly GridEvent[] = []
  #readS = 0

  /** PMU_TQ came with the 2011 version; those bits were reserved before. */
  constructor(version: 1 | 2) {
    this.#hasTimeQuality = version === 2
    this.read(0)
  }

  lose(loss: GridEvent): void {
    this.#losses = [...this.#losses.filter((earlier) => !hasEnded(earlier, this.#readS)), loss]
  }

  /** Lets every loss end now. */
  lock(now: number): void {
    this.#losses = this.#losses.filter(({ startS }) => startS > now)
  }

  /** Brings the fields to time `t`, in seconds of the simulation. */
  read(t: number): void {
    this.errorS = 0
    this.driftRate = 0
    this.isLocked = true
    let unlockedS = 0
    this.#readS = t
    for (const loss of this.#losses) {
      if (!isActive(loss, t)) continue
      this.isLocked = false
      this.driftRate += driftOf(loss.event)
      this.errorS += driftOf(loss.event) * (t - loss.startS)
      unlockedS = Math.max(unlockedS, t - loss.startS)
    }
    if (this.isLocked) {
      this.stat = this.#timeQualityBits(LOCKED_ERROR_S)
      this.timeQuality = 0
      return
    }
    const claimedS = HOLDOVER_ERROR_S + Math.abs(this.errorS)
    this.stat = Stat.notSynchronised | this.#timeQualityBits(claimedS) | (unlockedCode(unlockedS) << 4)
    this.timeQuality = messageTimeQuality(claimedS)
  }

  #timeQualityBits(errorS: number): number {
    return this.#hasTimeQuality ? pmuTimeQuality(errorS) << 6 : 0
  }
}

function driftOf(event: SimulatorEvent): number {
  return event.kind === 'time-sync-loss' ? event.driftUsPerS * 1e-6 : 0
}

/** PMU_TQ: 1 below 100 ns, then a step per decade, 7 above 10 ms. */
export function pmuTimeQuality(errorS: number): number {
  return Math.min(Math.max(Math.floor(Math.log10(errorS)) + 9, 1), 7)
}

/** MSG_TQ: 1 within 1 ns, then a step per decade, 11 within 10 s, 15 beyond. */
export function messageTimeQuality(errorS: number): number {
  const decade = Math.ceil(Math.log10(errorS)) + 10
  return decade > 11 ? 15 : Math.max(decade, 1)
}

/** STAT bits 5 to 4: up to 10, 100, 1000 seconds, and more. */
function unlockedCode(seconds: number): number {
  if (seconds < 10) return 0
  if (seconds < 100) return 1
  return seconds < 1000 ? 2 : 3
}
