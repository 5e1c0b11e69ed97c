/**
 * What time it is, to a PDC: the host's clock, unless its inputs say together
 * that it is wrong. Absolute wait needs it, and so does the judgement of what is
 * stale or of the future (IEEE C37.244 calls it timestamp reasonability). Pure:
 * times come in.
 */
import type { Now } from './alignment-window.ts'

export type HostClock =
  /** At least half of the inputs bear it out; or there are none, or they disagree with each other. */
  | 'right'
  /** Most of the inputs, and two at least, agree on another time. */
  | 'wrong'
  /** It was never set: it shows a time before this program was written. */
  | 'missing'

export interface PdcClockSettings {
  /** A frame that comes so much before its own time, by the host's clock, speaks against it. Default 1 s. */
  readonly aheadUs?: number
  /** The same of one that comes so long after its own time. Default 10 s. */
  readonly behindUs?: number
  /** Inputs whose frames agree within this tell the same time. Default 2 s. */
  readonly agreeUs?: number
  /** What the inputs say holds when they have said it for so long. Default 5 s. */
  readonly sureUs?: number
}

const MICROSECONDS = 1_000_000
/** 2026-01-01. */
const WRITTEN_US = 1_767_225_600 * MICROSECONDS
/** The host's clock may be slewed by as much between two looks; more is a step. */
const SLEW_US = 500_000

export class PdcClock {
  readonly #aheadUs: number
  readonly #behindUs: number
  readonly #agreeUs: number
  readonly #sureUs: number
  /** Of the host's clock, less the monotonic one, as it is believed. */
  #offsetUs: number | undefined
  /** What the inputs contradict: since when, and by how much. */
  #contradictedSinceUs: number | undefined
  #state: HostClock = 'right'
  #differenceUs = 0

  constructor({ aheadUs, behindUs, agreeUs, sureUs }: PdcClockSettings = {}) {
    this.#aheadUs = aheadUs ?? MICROSECONDS
    this.#behindUs = behindUs ?? 10 * MICROSECONDS
    this.#agreeUs = agreeUs ?? 2 * MICROSECONDS
    this.#sureUs = sureUs ?? 5 * MICROSECONDS
  }

  get host(): HostClock {
    return this.#state
  }

  /** How far the host's clock is ahead of the time that is used, in µs. */
  get differenceUs(): number {
    return this.#differenceUs
  }

  /** The time that is used. */
  now(host: Now): Now {
    this.#offsetUs ??= host.utcUs - host.monotonicUs
    return { utcUs: host.monotonicUs + this.#offsetUs, monotonicUs: host.monotonicUs }
  }

  /**
   * Follows the host's clock, or what the inputs say instead: call it every second. `ages`: for each input of which a
   * frame came since the last look, the least µs that one came after its own time by the host's clock. Says whether the
   * verdict has changed.
   */
  look(host: Now, ages: readonly number[]): boolean {
    const before = this.#state
    const hostUs = host.utcUs - host.monotonicUs
    const agreedUs = this.#agreedAge(ages)
    const isMissing = host.utcUs < WRITTEN_US
    const isBorneOut = 2 * ages.filter((age) => age >= -this.#aheadUs && age <= this.#behindUs).length >= ages.length
    const isContradicted = agreedUs !== undefined && (isMissing || (!isBorneOut && ages.length > 1))

    if (isContradicted) {
      this.#contradictedSinceUs ??= host.monotonicUs
      const isSure = isMissing || host.monotonicUs - this.#contradictedSinceUs >= this.#sureUs
      if (isSure) this.#use(isMissing ? 'missing' : 'wrong', hostUs - agreedUs, hostUs)
    } else {
      this.#contradictedSinceUs = undefined
      const isStep = Math.abs(hostUs - (this.#offsetUs ?? hostUs)) > SLEW_US
      // Nobody speaks for a clock that was set; nor is it followed while nobody speaks at all.
      if (!isStep || (ages.length > 0 && isBorneOut)) this.#use('right', hostUs, hostUs)
    }
    return this.#state !== before
  }

  #use(state: HostClock, offsetUs: number, hostUs: number): void {
    this.#state = state
    this.#offsetUs = offsetUs
    this.#differenceUs = hostUs - offsetUs
  }

  /** What most inputs agree on: the middle one of theirs. */
  #agreedAge(ages: readonly number[]): number | undefined {
    if (ages.length === 0) return undefined
    const sorted = ages.toSorted((a, b) => a - b)
    const middle = sorted[sorted.length >> 1]!
    const agree = sorted.filter((age) => Math.abs(age - middle) <= this.#agreeUs).length
    return 2 * agree > sorted.length ? middle : undefined
  }
}
