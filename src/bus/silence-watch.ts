/** What a connection is found to be at a tick. */
export type LinkVerdict = 'alive' | 'ping' | 'silent' | 'unacknowledged'

/** QoS 1 publishes of a connection, counted from its beginning. */
export interface PublishCounts {
  readonly taken: number
  readonly settled: number
  /** Everything before this one is acknowledged. */
  readonly oldest: number
}

/** Looks per time of death. */
const TICKS = 10
/** A broker answers PINGREQ: one in each of these parts of the time of death makes sure that a live one is heard. */
const PINGS = 2.5
/** While other publishes are acknowledged, one may wait so many times as long. */
const PATIENCE = 6
/**
 * A cluster that has just lost a node answers nothing while it makes room for a subscription (NATS: 4 s for each, and
 * then it may refuse it), nor does a network that is cut. The first connection that falls silent so is given up in
 * time, whichever it is; the one after it, which the broker has taken, gets so many times as long until it has proved
 * good. Else each takes its subscriptions to another node of the cluster before that has made room for them, and keeps
 * all of them busy with it.
 */
const UNPROVED_PATIENCE = 4
/** It is busy when so many times the time between two pings has passed without an answer. */
const BUSY_PINGS = 1.5

/**
 * Tells a dead connection from a silent one: the broker is pinged all the
 * time, and who is not heard for `deadMs` is dead, as is who takes publishes
 * for so long without acknowledging any (a cluster node that lost the others).
 * A loop that is late itself blames nobody: a tick counts for no more than two
 * intervals, however late it comes, and what waits in the socket is read
 * before the next. Pure; call `tick` every {@link intervalMs}.
 */
export class SilenceWatch {
  readonly #deadMs: number
  readonly #pingMs: number
  #subscribingMs: number
  /** How long it has been good: nothing was asked for in vain, and what was published is acknowledged. */
  #goodMs = 0
  #isProved = false
  readonly intervalMs: number
  #at: number | undefined
  #isHeard = true
  #silentMs = 0
  #sincePingMs = 0
  #isPaused = false
  #settled = 0
  #unansweredMs = 0
  /** The publish that was the newest when this age began. */
  #marker = 0
  #markedMs = 0

  /** `isPatient`: the connection before this one was given up unproved, or over a subscription. */
  constructor(deadMs: number, isPatient = false) {
    this.#deadMs = deadMs
    this.#subscribingMs = (isPatient ? UNPROVED_PATIENCE : 1) * deadMs
    this.#pingMs = deadMs / PINGS
    this.intervalMs = deadMs / TICKS
  }

  /** Bytes came. */
  heard(): void {
    this.#isHeard = true
  }

  /** A SUBSCRIBE was refused: what can be said at once is, so the broker may be as busy with the next. */
  refused(): void {
    this.#subscribingMs = UNPROVED_PATIENCE * this.#deadMs
    this.#goodMs = 0
  }

  /** It has been good for as long as a dead one is found in: a network that is cut now is found so in time. */
  get isProved(): boolean {
    return this.#isProved
  }

  /** Nothing is read on purpose: silence is not the broker's. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    this.#isHeard = true
  }

  /** `now` in monotonic milliseconds. After `ping`, PINGREQ was sent. `isSubscribing`: a SUBSCRIBE has no answer yet. */
  tick(now: number, { taken, settled, oldest }: PublishCounts, isSubscribing = false): LinkVerdict {
    const stepMs = Math.min(now - (this.#at ?? now), 2 * this.intervalMs)
    this.#at = now
    this.#sincePingMs += stepMs
    if (this.#isPaused) return this.#ping()

    this.#silentMs = this.#isHeard ? 0 : this.#silentMs + stepMs
    this.#isHeard = false
    if (this.#silentMs >= (isSubscribing ? this.#subscribingMs : this.#deadMs)) return 'silent'

    // Publishes wait behind a SUBSCRIBE as pings do.
    const isBusy = isSubscribing && this.#silentMs > BUSY_PINGS * this.#pingMs
    if (settled === taken || settled !== this.#settled) this.#unansweredMs = 0
    else if (!isBusy) this.#unansweredMs += stepMs
    this.#settled = settled
    this.#prove(stepMs, !isSubscribing && this.#unansweredMs < this.#pingMs)
    if (oldest >= this.#marker) {
      this.#marker = taken
      this.#markedMs = 0
    } else this.#markedMs += stepMs
    return this.#unansweredMs >= this.#deadMs || this.#markedMs >= PATIENCE * this.#deadMs
      ? 'unacknowledged'
      : this.#ping()
  }

  #prove(stepMs: number, isGood: boolean): void {
    this.#goodMs = isGood ? this.#goodMs + stepMs : 0
    if (this.#goodMs < this.#deadMs) return
    this.#isProved = true
    this.#subscribingMs = this.#deadMs
  }

  #ping(): LinkVerdict {
    if (this.#sincePingMs < this.#pingMs) return 'alive'
    this.#sincePingMs = 0
    return 'ping'
  }
}
