/** What is more than this behind the quickest is taken for a queue, and late frames stop. One reporting period, mostly. */
const QUEUED_MS = 20
/** An acknowledgement may be held back for so long without any queue (Linux: 40 ms). */
const HELD_BACK_MS = 40
const WINDOW_MS = 200
/** What no link is too slow for, in bytes per second; from here it doubles every 250 ms. */
const START_RATE = 4_000
const DOUBLING_MS = 250
/** After it was found too fast once: by a tenth in this time. */
const TENTH_MS = 400
const BURST_MS = 40
const MIN_BURST = 256
const BASE_MS = 60_000
/** No acknowledgement has been seen yet: it may take so long. */
const MOST_BASE_MS = 2_000

interface Sample {
  readonly atMs: number
  readonly written: number
}

/**
 * How many late bytes a connection takes without a live frame waiting behind
 * them. The system's send buffer hides megabytes, and so do the routers on the
 * way: so the measure is how long a byte goes unacknowledged, beyond the least
 * that was seen. Pure; times are monotonic milliseconds.
 */
export class LatePace {
  #rate = START_RATE
  #hasQueued = false
  #isStopped = false
  #tokens = MIN_BURST
  #atMs: number | undefined
  #cutMs = Number.NEGATIVE_INFINITY
  #wasSpent = false
  /** What was written by when, as long as some of it is unacknowledged. */
  #written: Sample[] = []
  /** Of this window and the one before: the least delay, and of this minute the same. */
  #least = Number.POSITIVE_INFINITY
  #leastBefore = Number.POSITIVE_INFINITY
  #windowMs = Number.NEGATIVE_INFINITY
  /** Bytes that were acknowledged when this window began, and by second in the one before. */
  #acknowledged = 0
  #takenPerS = Number.POSITIVE_INFINITY
  #base = Number.POSITIVE_INFINITY
  #baseBefore = Number.POSITIVE_INFINITY
  #baseMs = Number.NEGATIVE_INFINITY

  /** Late bytes that may go now. */
  get room(): number {
    return this.#isStopped ? 0 : Math.max(0, this.#tokens)
  }

  spent(bytes: number): void {
    this.#tokens -= bytes
    this.#wasSpent = true
  }

  /** `written` bytes since the connection began, `unacknowledged` of them. */
  sample(atMs: number, written: number, unacknowledged: number): void {
    const elapsedMs = Math.min(atMs - (this.#atMs ?? atMs), WINDOW_MS)
    this.#atMs = atMs
    const queuedMs = this.#queuedMs(atMs, written, unacknowledged)
    if (queuedMs > QUEUED_MS + HELD_BACK_MS) this.#isStopped = true
    else if (queuedMs <= QUEUED_MS) this.#isStopped = false

    if (Math.min(this.#least, this.#leastBefore) - this.#leastBase > QUEUED_MS || this.#isStopped) this.#slower(atMs)
    else if (this.#wasSpent || this.#tokens <= 0) this.#faster(elapsedMs)
    this.#wasSpent = false
    const burst = Math.max(MIN_BURST, (this.#rate * BURST_MS) / 1000)
    this.#tokens = Math.min(burst, this.#tokens + (this.#rate * elapsedMs) / 1000)
  }

  get #leastBase(): number {
    return Math.min(this.#base, this.#baseBefore, MOST_BASE_MS)
  }

  #slower(atMs: number): void {
    this.#hasQueued = true
    if (atMs - this.#cutMs < WINDOW_MS) return
    this.#cutMs = atMs
    this.#rate = Math.max(START_RATE / 4, Math.min(this.#rate, this.#takenPerS) / 2)
  }

  #faster(elapsedMs: number): void {
    this.#rate *= this.#hasQueued ? 1.1 ** (elapsedMs / TENTH_MS) : 2 ** (elapsedMs / DOUBLING_MS)
    this.#rate = Math.min(this.#rate, 1e9)
  }

  /** How long the oldest unacknowledged byte is out, beyond the least that was seen. */
  #queuedMs(atMs: number, written: number, unacknowledged: number): number {
    const acknowledged = written - unacknowledged
    if (this.#written.at(-1)?.written !== written) this.#written.push({ atMs, written })
    let answered: Sample | undefined
    while (this.#written.length > 0 && this.#written[0]!.written <= acknowledged) answered = this.#written.shift()
    const delayMs = atMs - (this.#written[0]?.atMs ?? atMs)
    if (atMs - this.#windowMs >= WINDOW_MS) {
      this.#takenPerS = ((acknowledged - this.#acknowledged) / (atMs - this.#windowMs)) * 1000
      this.#acknowledged = acknowledged
      this.#windowMs = atMs
      this.#leastBefore = this.#least
      this.#least = Number.POSITIVE_INFINITY
    }
    if (atMs - this.#baseMs >= BASE_MS) {
      this.#baseMs = atMs
      this.#baseBefore = this.#base
      this.#base = Number.POSITIVE_INFINITY
    }
    this.#least = Math.min(this.#least, delayMs)
    // What is out for a short time may stay out: only an answer says how long the way is.
    if (answered && answered.atMs < atMs) this.#base = Math.min(this.#base, atMs - answered.atMs)
    return delayMs - this.#leastBase
  }
}
