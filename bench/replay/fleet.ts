/**
 * PMUs that send at the same instants, 50 times a second, and PDCs that note
 * when what came: both in this process, so that one clock times them.
 */
import { type RawPmu, startRawPdc, startRawPmu } from '../../judge/index.ts'
import { periodMs } from '../lab/ends/period.ts'
import { monotonicMs } from '../lab/monotonic.ts'
import { configurationFrame, dataFrame, idcodeIn, sequenceIn } from '../support/golden.ts'

export interface Fleet {
  readonly streams: readonly { readonly idcode: number; readonly port: number }[]
  /** Instants sent so far: sequences 1 to this. */
  readonly sent: number
  /** When an instant was sent, monotonic ms. */
  sentAt(sequence: number): number
  /** The instant of a slot of 20 ms since the UNIX epoch; NaN of none. */
  sequenceAt(slot: number): number
  /** Begins to send, or goes on. */
  flow(): void
  pause(): void
  close(): Promise<void>
}

export async function startFleet(size: number): Promise<Fleet> {
  const idcodes = Array.from({ length: size }, (_, i) => i + 1)
  const pmu: RawPmu = await startRawPmu({ configuration: idcodes.map(configurationFrame) })
  const sentAt: number[] = [0]
  const sequenceAt = new Map<number, number>()
  let timer: NodeJS.Timeout | undefined
  let slot = 0
  const next = (): void => {
    timer = setTimeout(
      () => {
        for (; slot * periodMs <= Date.now(); slot++) {
          const sequence = sentAt.push(monotonicMs()) - 1
          sequenceAt.set(slot, sequence)
          for (const idcode of idcodes) pmu.send(dataFrame(idcode, sequence, slot * periodMs))
        }
        next()
      },
      Math.max(0, slot * periodMs - Date.now()),
    )
  }
  return {
    streams: idcodes.map((idcode) => ({ idcode, port: pmu.port })),
    get sent() {
      return sentAt.length - 1
    },
    sentAt: (sequence) => sentAt[sequence] ?? Number.NaN,
    sequenceAt: (wanted) => sequenceAt.get(wanted) ?? Number.NaN,
    flow() {
      slot = Math.ceil(Date.now() / periodMs)
      next()
    },
    pause: () => clearTimeout(timer),
    close() {
      clearTimeout(timer)
      return pmu.close()
    },
  }
}

/** What the PDCs read. */
export interface Readings {
  /** Frames read, those read again apart. */
  readonly distinct: number
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

/** A PDC for each stream; resolves when all of them have their configuration. */
export async function startPdcs(fleet: Fleet, port: number, signal: AbortSignal): Promise<Readings> {
  /** By stream, when each sequence came. */
  const cameAt = fleet.streams.map(() => [] as number[])
  let distinct = 0
  let doubled = 0
  let lastMs = 0
  await Promise.all(
    fleet.streams.map(
      ({ idcode }) =>
        new Promise<void>((resolve) => {
          startRawPdc({
            host: '127.0.0.1',
            port,
            idcode,
            signal,
            onData(frame) {
              const came = cameAt[idcodeIn(frame) - 1]!
              const sequence = sequenceIn(frame)
              if (came[sequence] !== undefined) {
                doubled++
                return
              }
              lastMs = came[sequence] = monotonicMs()
              distinct++
            },
            onConfiguration: () => resolve(),
          })
        }),
    ),
  )

  const missing = (from: number, to: number): number => {
    let count = 0
    for (const came of cameAt)
      for (let sequence = from; sequence < to; sequence++) if (came[sequence] === undefined) count++
    return count
  }
  return {
    get distinct() {
      return distinct
    },
    get doubled() {
      return doubled
    },
    missing,
    latencies(from, to) {
      const latencies: number[] = []
      for (const came of cameAt) {
        for (let sequence = from; sequence < to; sequence++) {
          const atMs = came[sequence]
          if (atMs !== undefined) latencies.push(atMs - fleet.sentAt(sequence))
        }
      }
      return latencies
    },
    liveFrom(from, withinMs) {
      let latest = from
      for (const came of cameAt) {
        let sequence = from
        while (sequence <= fleet.sent && !(came[sequence]! - fleet.sentAt(sequence) < withinMs)) sequence++
        latest = Math.max(latest, sequence)
      }
      return latest
    },
    async whole(from, to, withinMs) {
      const untilMs = monotonicMs() + withinMs
      while (missing(from, to) > 0) {
        if (monotonicMs() > untilMs) throw new Error(`${missing(from, to)} frames did not come within ${withinMs} ms`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      return lastMs
    },
  }
}
