/** One connection of a session: first its backlog, at a pace, then what is live, at once. */
import { monotonicMs } from '../runtime/clock.ts'
import type { SessionSink } from './mqtt-link.ts'
import type { Pace } from './session-pace.ts'
import { type HeldMessage, HeldMessages } from './session-queue.ts'
import type { SessionSeam } from './session-seam.ts'

/** As much of a link as a drain needs. */
export interface DrainedLink {
  acknowledge(id: number): void
  pause(): void
  resume(): void
}

export interface DrainOptions {
  readonly seam: SessionSeam
  readonly pace: Pace
  /** Messages are acknowledged by `confirm`, not when they were given on. */
  readonly confirms: boolean
  /** Live messages since the last call: the session gets as many more, or it would never catch up with many. */
  readonly liveSince: () => number
  /** Before what came is given on. */
  readonly onBytes: () => void
  /** `false`: not now; it is offered again. */
  readonly late: (topic: string, payload: Uint8Array) => boolean
  readonly live: (topic: string, payload: Uint8Array) => void
  /** Neither: the live lane had brought it, or this session had before. */
  readonly known: (topic: string, payload: Uint8Array) => void
}

const TICK_MS = 4

export class SessionDrain implements SessionSink {
  readonly #options: DrainOptions
  readonly #held = new HeldMessages()
  #phase: 'waiting' | 'draining' | 'steady' | 'closed' = 'waiting'
  #link: DrainedLink | undefined
  #isPaused = false
  #onReached: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #unconfirmed: number[] = []

  constructor(options: DrainOptions) {
    this.#options = options
  }

  /** Whose messages these are. */
  attach(link: DrainedLink): void {
    this.#link = link
  }

  /** The broker has taken the connection: messages may be given on, and acknowledged. */
  begin(isFresh: boolean): void {
    const now = monotonicMs()
    this.#phase = 'draining'
    this.#options.seam.begin(now, isFresh)
    this.#timer = setInterval(() => this.#tick(monotonicMs()), TICK_MS)
  }

  /** The session is one to rely on: told when it is as new as the live lane, and the only one from there on. */
  mayEnd(onReached: () => void): void {
    this.#onReached = onReached
  }

  confirm(): void {
    for (const id of this.#unconfirmed) this.#link?.acknowledge(id)
    this.#unconfirmed = []
  }

  /** No call after this. */
  close(): void {
    this.#phase = 'closed'
    this.#rest()
    this.#held.clear()
    this.#unconfirmed = []
  }

  reading(): void {
    this.#options.onBytes()
  }

  /** What is retained came over the live lane, at its beginning. */
  message(topic: string, payload: Uint8Array, retained: boolean, id: number, isAgain: boolean): void {
    if (this.#phase === 'steady') {
      this.#steady(topic, payload, retained, id, isAgain)
    } else if (this.#phase !== 'closed') {
      const message = { topic, payload, retained, id, isAgain, isLate: false }
      const mayPass = this.#phase === 'draining' && this.#held.length === 0 && this.#options.pace.take(1) === 1
      if (mayPass && this.#pass(message)) return
      this.#held.push(message)
      this.#pause()
    }
  }

  #steady(topic: string, payload: Uint8Array, retained: boolean, id: number, isAgain: boolean): void {
    const { seam, live, known } = this.#options
    if (!retained) {
      if (isAgain) {
        this.#again(topic, payload, id)
        return
      }
      if (seam.steady(topic, payload)) live(topic, payload)
      else known(topic, payload)
    }
    this.#done(id)
  }

  /**
   * Sent before, and no longer live: NATS sends again what was on its way when
   * a connection was lost, half a minute later, among what is live. What nobody
   * takes now waits apart; the identifiers bound it (65,535).
   */
  #again(topic: string, payload: Uint8Array, id: number): void {
    const message = { topic, payload, retained: false, id, isAgain: true, isLate: false }
    if (this.#held.length === 0 && this.#pass(message)) return
    // A copy: the view would keep the whole socket read for as long.
    this.#held.push({ ...message, payload: new Uint8Array(payload) })
    this.#timer ??= setInterval(() => this.#tick(monotonicMs()), TICK_MS)
  }

  /** `false`: nobody takes it now. */
  #pass(message: HeldMessage): boolean {
    const { seam, late, live, known } = this.#options
    const { topic, payload, retained, id, isAgain } = message
    if (!retained) {
      const verdict = message.isLate ? 'late' : seam.beside(topic, payload, isAgain, monotonicMs())
      message.isLate = verdict === 'late'
      if (verdict === 'known') known(topic, payload)
      else if (verdict === 'live') live(topic, payload)
      else if (!late(topic, payload)) return false
    }
    this.#done(id)
    return true
  }

  #done(id: number): void {
    if (id === 0) return
    if (this.#options.confirms) this.#unconfirmed.push(id)
    else this.#link?.acknowledge(id)
  }

  #tick(now: number): void {
    this.#takeHeld()
    if (this.#phase === 'steady') {
      if (this.#held.length === 0) this.#rest()
    } else if (this.#held.length === 0 && this.#onReached && this.#options.seam.isReached(now)) {
      this.#phase = 'steady'
      this.#rest()
      this.#onReached()
    }
  }

  #rest(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #takeHeld(): void {
    const { pace, liveSince } = this.#options
    const live = liveSince()
    const wanted = this.#held.length
    if (wanted > 0) {
      const granted = pace.take(wanted)
      for (let count = granted > 0 ? granted + live : 0; count > 0; count--) {
        const { first } = this.#held
        if (!first || !this.#pass(first)) break
        this.#held.shift()
      }
    }
    if (this.#held.length === 0 && this.#isPaused) {
      this.#isPaused = false
      this.#link?.resume()
    }
  }

  #pause(): void {
    if (this.#isPaused || !this.#link) return
    this.#isPaused = true
    this.#link.pause()
  }
}
