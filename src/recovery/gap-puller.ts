import { monotonicMs, utcMs } from '../runtime/clock.ts'
import type { Counter, Log, Metrics } from '../runtime/service.ts'
import type { Healing, Pull, PullFailure } from './healing.ts'
import type { Pace } from './pace.ts'
import { RecoveryError } from './recovery-error.ts'
import type { Instant } from './remedy.ts'
import type { ReplayClient } from './replay-client.ts'

/** Frames given on between two looks at the clock, and for how long before others have their turn. */
const FRAMES_PER_LOOK = 16
const SLICE_MS = 0.5
/** Nothing more is asked for while so much of all streams waits to be given on. */
const MAX_HAND_BYTES = 8 * 1024 * 1024
/** A request without an answer for so long, and for so many times as long as usual, is under way no more. */
const STANDSTILL_MS = 1000
const STANDSTILL_TIMES = 8
const USUAL_FADE = 0.95
/** After so many requests in a row of which nothing was heard it may be the subscription (NATS, a node of whose was killed). */
const MAX_UNHEARD = 2
/** How soon a pull that the pace did not allow is tried again. */
const SOON_MS = 1

export interface GapPullerOptions {
  readonly consumer: string
  readonly client: () => ReplayClient
  /** No answer comes any more, though requests leave: a new subscription may hear them. */
  renew(): void
  /** With all live frames until now. */
  readonly pace: () => Pace
  readonly signal: AbortSignal
  readonly log: Log
  readonly metrics: Metrics
}

/**
 * Pulls the gaps of all streams, a few at once, one stream after the other.
 * What comes is given on in slices of half a millisecond, so that a live frame
 * never waits for longer than that.
 */
export class GapPuller {
  readonly #options: GapPullerOptions
  #healings: Healing[] = []
  /** Whose turn it is. */
  #turn = 0
  /** With answers that may be given on. */
  readonly #giving = new Set<Healing>()
  /** Whose request stands still, and at which node. */
  readonly #standing = new Map<Healing, string>()
  #slice: NodeJS.Immediate | undefined
  #soon: NodeJS.Timeout | undefined
  /** The longest that answers took lately. */
  #usualMs = 0
  /** Requests in a row of which nothing was heard. */
  #unheard = 0
  readonly #pulls: Counter
  readonly #failures: Counter
  readonly #bytes: Counter

  constructor(options: GapPullerOptions) {
    this.#options = options
    const { metrics, consumer } = options
    this.#pulls = metrics.counter('phasorbus_recovery_pulls_total', 'Requests to journals.', { consumer })
    this.#failures = metrics.counter(
      'phasorbus_recovery_failed_pulls_total',
      'Requests to journals without a good answer; they are made again.',
      { consumer },
    )
    this.#bytes = metrics.counter('phasorbus_recovery_bytes_total', 'Bytes of frames that journals sent.', { consumer })
  }

  add(healing: Healing): void {
    this.#healings.push(healing)
  }

  remove(healing: Healing): void {
    healing.drop()
    this.#giving.delete(healing)
    this.#standing.delete(healing)
    this.#healings = this.#healings.filter((one) => one !== healing)
  }

  /** The connection is a new one: how long answers take over it is to be seen. */
  restart(): void {
    this.#usualMs = 0
  }

  /** Bytes that wait to be given on, over all streams. */
  get handBytes(): number {
    return this.#healings.reduce((sum, { handBytes }) => sum + handBytes, 0)
  }

  /** What waits of this stream may be taken now. After the live frames of this turn. */
  give(healing: Healing): void {
    this.#giving.add(healing)
    this.#slice ??= setImmediate(this.#giveSlice)
  }

  /** Asks for what is wanted, as far as the pace allows. */
  look(): void {
    if (this.#options.signal.aborted) return
    for (;;) {
      const now = instant()
      const bytes = this.#options.pace().allowance(now.nowMs)
      if (bytes > 0 && this.handBytes > MAX_HAND_BYTES) return
      const found = this.#next(now, Math.max(1, bytes))
      if (!found) return
      if (bytes === 0) {
        this.#soon ??= setTimeout(this.#lookAgain, SOON_MS)
        return
      }
      this.#turn = found.next
      void this.#pull(found.healing, found.pull)
    }
  }

  close(): void {
    clearTimeout(this.#soon)
    clearImmediate(this.#slice)
    this.#giving.clear()
  }

  readonly #lookAgain = (): void => {
    this.#soon = undefined
    this.look()
  }

  /** The first in turn that wants something, and whose turn it is then. */
  #next(
    now: Instant,
    bytes: number,
  ): { readonly healing: Healing; readonly pull: Pull; readonly next: number } | undefined {
    const count = this.#healings.length
    for (let step = 0; step < count; step++) {
      const at = (this.#turn + step) % count
      const healing = this.#healings[at]!
      const pull = healing.want(now, bytes)
      if (pull) return { healing, pull, next: (at + 1) % count }
    }
    return undefined
  }

  async #pull(healing: Healing, { stream, nodeId, query }: Pull): Promise<void> {
    const { client, renew, pace, signal, log, consumer } = this.#options
    const { generation } = healing
    const beganMs = monotonicMs()
    healing.asked(beganMs)
    pace().began(query.maxBytes)
    this.#pulls.add()
    let isPaced = true
    const ended = (nowMs: number, answer?: { readonly bytes: number; readonly tookMs: number }): void => {
      if (isPaced) pace().ended(query.maxBytes, nowMs, answer)
      isPaced = false
      clearTimeout(standstill)
    }
    // Whoever does not answer keeps nobody else waiting.
    const standstill = setTimeout(
      () => {
        const nowMs = monotonicMs()
        ended(nowMs)
        healing.isWaitingFor(nodeId, nowMs)
        if (healing.generation === generation) this.#standing.set(healing, nodeId)
        this.look()
      },
      Math.max(STANDSTILL_MS, STANDSTILL_TIMES * this.#usualMs),
    )
    try {
      const answer = await client().pull(stream, nodeId, query, signal)
      const now = instant()
      const bytes = answer.frames.reduce((sum, { length }) => sum + length, 0)
      const tookMs = now.nowMs - beganMs
      this.#usualMs = Math.max(tookMs, this.#usualMs * USUAL_FADE)
      ended(now.nowMs, { bytes, tookMs })
      this.#unheard = 0
      this.#bytes.add(bytes)
      if (healing.generation !== generation) return
      this.#standing.delete(healing)
      this.#heardOf(nodeId, now.nowMs)
      healing.answered(nodeId, answer, bytes, now)
      this.give(healing)
    } catch (error) {
      const now = instant()
      ended(now.nowMs)
      if (signal.aborted) return
      this.#failures.add()
      if (isUnheard(error) && ++this.#unheard >= MAX_UNHEARD) {
        this.#unheard = 0
        renew()
      }
      log.debug({ consumer, stream, node: nodeId, error }, 'a journal did not answer')
      if (healing.generation === generation) {
        this.#standing.delete(healing)
        healing.failed(nodeId, now, whyOf(error))
      }
    }
    this.look()
  }

  /** It answers one request after the other: those before were lost, and are made again. */
  #heardOf(nodeId: string, nowMs: number): void {
    for (const [healing, node] of this.#standing) {
      if (node !== nodeId) continue
      this.#standing.delete(healing)
      healing.heardOf(nodeId, nowMs)
    }
  }

  readonly #giveSlice = (): void => {
    this.#slice = undefined
    let nowMs = monotonicMs()
    const untilMs = nowMs + SLICE_MS
    for (const healing of this.#giving) {
      // To the end of the queue: the others have their turn first.
      this.#giving.delete(healing)
      if (healing.give(FRAMES_PER_LOOK, nowMs)) this.#giving.add(healing)
      nowMs = monotonicMs()
      if (nowMs > untilMs) break
    }
    if (this.#giving.size > 0) this.#slice = setImmediate(this.#giveSlice)
    this.look()
  }
}

const isUnheard = (error: unknown): boolean =>
  error instanceof RecoveryError && error.facts.code === 'RECOVERY_TIMEOUT' && error.facts.parts === 0

function whyOf(error: unknown): PullFailure {
  if (!(error instanceof RecoveryError)) return 'failed'
  const { facts } = error
  // The way is a new one: the same request may be made at once.
  if (facts.code === 'RECOVERY_CONNECTION_LOST') return 'may-again'
  if (facts.code !== 'RECOVERY_REFUSED') return 'failed'
  // The journal is a new one.
  if (facts.reason === 'bad-cursor') return 'may-again'
  return facts.reason === 'unknown-stream' ? 'unknown' : 'failed'
}

const instant = (): Instant => ({ nowMs: monotonicMs(), utcMs: utcMs() })
