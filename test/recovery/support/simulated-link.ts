/**
 * A link of a given rate in simulated time, first in first out: live frames of
 * many streams every reporting period, and pulls that a Pace allows. Nothing of
 * it waits for a real clock.
 */
import { Lateness } from '../../../src/recovery/lateness.ts'
import { Pace } from '../../../src/recovery/pace.ts'

export interface LinkOptions {
  readonly bytesPerMs: number
  /** From the request to the first byte of its answer, the queue apart. */
  readonly answerMs?: number
  readonly streams: number
  readonly periodMs?: number
  readonly liveBytes?: number
  readonly pullBytes?: number
  /** Bytes to pull. */
  readonly backlog: number
  /** When pulls begin; default 2 s. */
  readonly fromMs?: number
  /** When live frames begin; default 0. */
  readonly liveFromMs?: number
  readonly untilMs: number
  /** When within the period a stream's frames are sent; default: all at its beginning. */
  readonly phaseMs?: (stream: number) => number
  /** More delay of a live frame, from elsewhere. */
  readonly jitterMs?: (atMs: number) => number
  /** The same of an answer. */
  readonly answerJitterMs?: (atMs: number) => number
  /** Seen at every event, in simulated time. */
  readonly watch?: (atMs: number, pace: Pace) => void
}

export interface LinkRun {
  /** Delay of every live frame, in ms, before pulls began, while they went on, and after. */
  readonly steady: readonly number[]
  readonly healing: readonly number[]
  readonly healedMs: number | undefined
  readonly pace: Pace
}

interface Event {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

/** Earliest first; of the same instant, in the order they were added. */
class Events {
  readonly #heap: Event[] = []
  #order = 0

  add(atMs: number, run: () => void): void {
    const heap = this.#heap
    let at = heap.push({ atMs, order: this.#order++, run }) - 1
    for (let up = (at - 1) >> 1; at > 0 && isBefore(heap[at]!, heap[up]!); up = (at - 1) >> 1) {
      ;[heap[at], heap[up]] = [heap[up]!, heap[at]!]
      at = up
    }
  }

  take(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last || heap.length === 0) return first
    heap[0] = last
    for (let at = 0; ; ) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child
      }
      if (least === at) return first
      ;[heap[at], heap[least]] = [heap[least]!, heap[at]!]
      at = least
    }
  }
}

const isBefore = (one: Event, other: Event): boolean =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)

export function simulate(options: LinkOptions): LinkRun {
  const { bytesPerMs, answerMs = 2, streams, periodMs = 20, liveBytes = 110, fromMs = 2000, untilMs } = options
  const pace = new Pace({ pullBytes: options.pullBytes ?? 65_536 })
  const lateness = Array.from({ length: streams }, () => new Lateness())
  const events = new Events()
  const at = (atMs: number, run: () => void): void => events.add(atMs, run)
  let nowMs = 0
  let freeMs = 0
  /** When the last of these bytes are through. */
  const through = (bytes: number): number => {
    freeMs = Math.max(freeMs, nowMs) + bytes / bytesPerMs
    return freeMs
  }

  const steady: number[] = []
  const healing: number[] = []
  let left = options.backlog
  let coming = 0
  let healedMs: number | undefined
  const pull = (): void => {
    while (nowMs >= fromMs && left - coming > 0) {
      const bytes = pace.allowance(nowMs)
      if (bytes === 0) return
      const beganMs = nowMs
      const answer = Math.min(bytes, left - coming)
      coming += answer
      pace.began(bytes)
      at(nowMs + answerMs, () =>
        at(through(answer) + (options.answerJitterMs?.(nowMs) ?? 0), () => {
          coming -= answer
          left -= answer
          pace.ended(bytes, nowMs, { bytes: answer, tookMs: nowMs - beganMs })
          if (left === 0) healedMs = nowMs
          pull()
        }),
      )
    }
  }
  for (let tickMs = options.liveFromMs ?? 0; tickMs < untilMs; tickMs += periodMs) {
    for (let stream = 0; stream < streams; stream++) {
      at(tickMs + (options.phaseMs?.(stream) ?? 0), () => {
        const sentMs = nowMs
        at(through(liveBytes) + (options.jitterMs?.(sentMs) ?? 0), () => {
          const healingNow = sentMs >= fromMs && left > 0
          ;(healingNow ? healing : steady).push(nowMs - sentMs)
          pace.live(lateness[stream]!.of(nowMs, sentMs * 1000), nowMs)
        })
      })
    }
  }
  for (let tickMs = 0; tickMs < untilMs; tickMs += 1000) at(tickMs, () => pace.turn(nowMs, periodMs))
  for (let tickMs = 0; tickMs < untilMs; tickMs += 1) at(tickMs, pull)

  for (let event = events.take(); event && event.atMs <= untilMs; event = events.take()) {
    nowMs = event.atMs
    event.run()
    options.watch?.(nowMs, pace)
  }
  return { steady, healing, healedMs, pace }
}
