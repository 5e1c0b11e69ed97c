/**
 * PDCs that note when what came: in the process of the PMUs, so that one clock
 * times both. What is asked of them while frames come costs nothing that would
 * hold up a frame.
 */
import { startRawPdc } from '../../judge/index.ts'
import { monotonicMs } from '../lab/monotonic.ts'
import { idcodeIn, sequenceIn } from '../support/golden.ts'
import { Arrivals } from './arrivals.ts'
import type { Fleet } from './fleet.ts'

/** What the PDCs read. */
export interface Readings {
  readonly doubled: number
  /** Latencies in ms of the frames of the instants [from, to), each as it came first. */
  latencies(from: number, to: number): number[]
  /** Of every stream, the first instant from `from` on that came within so many ms: live from there on. */
  liveFrom(from: number, withinMs: number): number
  /** Frames of the instants [from, to) that have not come. */
  missing(from: number, to: number): number
  /** Resolves when none of the instants [from, to) is missing, with the time of the last. */
  whole(from: number, to: number, withinMs: number): Promise<number>
}

interface Waiting {
  readonly from: number
  readonly to: number
  missing: number
  readonly done: (lastMs: number) => void
}

/** A PDC for each stream; resolves when all of them have their configuration. */
export async function startPdcs(fleet: Fleet, port: number, signal: AbortSignal): Promise<Readings> {
  const arrivals = fleet.streams.map(() => new Arrivals())
  let doubled = 0
  let lastMs = 0
  let waiting: Waiting | undefined

  const read = (frame: Uint8Array): void => {
    const sequence = sequenceIn(frame)
    const atMs = monotonicMs()
    if (!arrivals[idcodeIn(frame) - 1]!.add(sequence, atMs)) {
      doubled++
      return
    }
    lastMs = atMs
    if (waiting && sequence >= waiting.from && sequence < waiting.to && --waiting.missing === 0) waiting.done(atMs)
  }
  await Promise.all(
    fleet.streams.map(
      ({ idcode }) =>
        new Promise<void>((resolve) => {
          startRawPdc({ host: '127.0.0.1', port, idcode, signal, onData: read, onConfiguration: () => resolve() })
        }),
    ),
  )

  const missing = (from: number, to: number): number => {
    let count = 0
    for (const came of arrivals) for (let sequence = from; sequence < to; sequence++) if (!came.came(sequence)) count++
    return count
  }
  return {
    get doubled() {
      return doubled
    },
    missing,
    latencies(from, to) {
      const latencies: number[] = []
      for (const came of arrivals) {
        for (let sequence = from; sequence < to; sequence++) {
          if (came.came(sequence)) latencies.push(came.at(sequence) - fleet.sentAt(sequence))
        }
      }
      return latencies
    },
    liveFrom(from, withinMs) {
      let latest = from
      for (const came of arrivals) {
        let sequence = from
        while (sequence <= fleet.sent && !(came.at(sequence) - fleet.sentAt(sequence) < withinMs)) sequence++
        latest = Math.max(latest, sequence)
      }
      return latest
    },
    async whole(from, to, withinMs) {
      const left = missing(from, to)
      if (left === 0) return lastMs
      let timer: NodeJS.Timeout | undefined
      try {
        return await new Promise<number>((resolve, reject) => {
          waiting = { from, to, missing: left, done: resolve }
          timer = setTimeout(
            () => reject(new Error(`${missing(from, to)} frames did not come within ${withinMs} ms`)),
            withinMs,
          )
        })
      } finally {
        clearTimeout(timer)
        waiting = undefined
      }
    },
  }
}
