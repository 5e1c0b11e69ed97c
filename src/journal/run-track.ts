/**
 * Which frames of a stream carry its time on. A frame from another year stands
 * alone and moves nothing; three in a row that agree are the source's new time.
 * Depends on nothing but the timestamps, so a scan of the frames tells the same.
 */

/** A shorter step is a gap, or a duplicate. */
const LEAST_JUMP_US = 2_000_000
const JUMP_PERIODS = 4
const CONFIRMED_BY = 3

/** A frame further off than this from its neighbours may be of another time. */
export const jumpOf = (periodUs: number): number => Math.max(LEAST_JUMP_US, JUMP_PERIODS * periodUs)

export const Step = {
  /** Goes on in the run, or stands beside it. */
  none: 0,
  /** The run went on. */
  onward: 1,
  /** A new run began: {@link RunTrack.ended} is the one before. */
  elsewhere: 2,
} as const
export type Step = (typeof Step)[keyof typeof Step]

export class RunTrack {
  firstUs: number
  lastUs: number
  /** The run before this one, after {@link Step.elsewhere}. */
  endedFirstUs = 0
  endedLastUs = 0
  #jumpUs = LEAST_JUMP_US
  #candidates = 0
  #candidateFirstUs = 0
  #candidateLastUs = 0

  constructor(firstUs: number, lastUs = firstUs) {
    this.firstUs = firstUs
    this.lastUs = lastUs
  }

  /** The reporting period, in µs. */
  set periodUs(periodUs: number) {
    this.#jumpUs = jumpOf(periodUs)
  }

  /** A session begins: its first frame begins a run, whatever was before. */
  begin(us: number): void {
    this.firstUs = us
    this.lastUs = us
    this.#candidates = 0
  }

  see(us: number): Step {
    const ahead = us - this.lastUs
    if (ahead > 0 && ahead <= this.#jumpUs) {
      this.lastUs = us
      this.#candidates = 0
      return Step.onward
    }
    if (ahead <= 0 && ahead >= -this.#jumpUs) {
      this.#candidates = 0
      return Step.none
    }
    return this.#isElsewhere(us) ? Step.elsewhere : Step.none
  }

  #isElsewhere(us: number): boolean {
    const ahead = us - this.#candidateLastUs
    if (this.#candidates > 0 && ahead > 0 && ahead <= this.#jumpUs) {
      this.#candidates++
    } else {
      this.#candidates = 1
      this.#candidateFirstUs = us
    }
    this.#candidateLastUs = us
    if (this.#candidates < CONFIRMED_BY) return false
    this.endedFirstUs = this.firstUs
    this.endedLastUs = this.lastUs
    this.firstUs = this.#candidateFirstUs
    this.lastUs = us
    this.#candidates = 0
    return true
  }
}
