export interface ReturnSettings {
  /** One that failed must have worked so long before it is used again. */
  readonly holdMs: number
  /** Each relapse doubles that, up to this. */
  readonly maxHoldMs: number
}

interface Choice {
  holdMs: number
  /** Works since then, as far as is known; `undefined` while it does not. */
  healthySince: number | undefined
  /** When it failed last; `undefined` once it is used again. */
  failedAt: number | undefined
  usedSince: number | undefined
}

/**
 * Which of several brokers, or addresses of one, is used: the nearest that
 * works. One that failed is returned to when it has worked for a while; each
 * relapse doubles that while, so that one which comes and goes costs less and
 * less. Pure: times are monotonic milliseconds.
 */
export class NearestFirst {
  readonly #choices: Choice[]
  readonly #settings: ReturnSettings

  constructor(count: number, settings: ReturnSettings) {
    this.#settings = settings
    this.#choices = Array.from({ length: count }, () => ({
      holdMs: 0,
      healthySince: undefined,
      failedAt: undefined,
      usedSince: undefined,
    }))
  }

  /** All of them, the one to try first first: what never failed, nearest first; then what failed longest ago. */
  order(): number[] {
    const failedAt = (index: number): number => this.#choices[index]!.failedAt ?? Number.NEGATIVE_INFINITY
    const before = (a: number, b: number): number => (failedAt(a) === failedAt(b) ? a - b : failedAt(a) - failedAt(b))
    return this.#choices.map((_, index) => index).toSorted(before)
  }

  /** It is the one in use now. */
  used(index: number, now: number): void {
    const choice = this.#choices[index]!
    if (choice.usedSince !== undefined) return
    choice.usedSince = now
    choice.failedAt = undefined
    choice.healthySince ??= now
  }

  /** The one in use is left for a better one, and is none the worse for it; what failed before the other is forgotten. */
  returned(from: number, to: number): void {
    this.#choices[from]!.usedSince = undefined
    this.#choices[to]!.failedAt = undefined
  }

  /** It was in use, or was to be, and did not do. */
  failed(index: number, now: number): void {
    const choice = this.#choices[index]!
    const { holdMs, maxHoldMs } = this.#settings
    // Only who was used and fails again comes and goes; who cannot be reached is just not there.
    const isRelapse = choice.usedSince !== undefined && choice.holdMs > 0
    const wasGood = choice.usedSince !== undefined && now - choice.usedSince >= maxHoldMs
    if (wasGood) choice.holdMs = holdMs
    else if (isRelapse) choice.holdMs = Math.min(choice.holdMs * 2, maxHoldMs)
    else choice.holdMs ||= holdMs
    choice.failedAt = now
    choice.usedSince = undefined
    choice.healthySince = undefined
  }

  /** It would work now, or not, while another one is used. */
  healthy(index: number, isHealthy: boolean, now: number): void {
    const choice = this.#choices[index]!
    if (!isHealthy) choice.healthySince = undefined
    else choice.healthySince ??= now
  }

  /** The nearest before `current` that has worked for long enough. */
  better(current: number, now: number): number | undefined {
    for (let index = 0; index < current; index++) if (this.returnInMs(index, now) === 0) return index
    return undefined
  }

  /** How long it must still work before it is returned to; `undefined` while it does not. */
  returnInMs(index: number, now: number): number | undefined {
    const { healthySince, holdMs } = this.#choices[index]!
    if (healthySince === undefined) return undefined
    return Math.max(0, healthySince + (holdMs || this.#settings.holdMs) - now)
  }
}
