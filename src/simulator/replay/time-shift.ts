import {
  type Configuration,
  type FrameTime,
  fractionOf,
  framesPerSecond,
  frameTimeOf,
  microsecondsOf,
  socOf,
} from '../../c37118/index.ts'
import type { RecordedEvent, RecordedStream } from './recording.ts'

const SECOND_US = 1_000_000

/** Moves timestamps along the stream's own grid of slots, so that FRACSEC stays as the source would have counted it. */
export class TimeShift {
  readonly #timeBase: number
  /** Frames per second where they are a whole number, otherwise 0: then timestamps are moved by microseconds. */
  readonly #rate: number

  constructor({ timeBase, dataRate }: Configuration) {
    this.#timeBase = timeBase
    const rate = framesPerSecond(dataRate)
    this.#rate = Number.isInteger(rate) ? rate : 0
  }

  /** Whole seconds leave FRACSEC as it is, to the bit. */
  apply({ soc, fraction }: FrameTime, seconds: number, us: number): FrameTime {
    if (us === 0) return { soc: soc + seconds, fraction }
    const slot = this.#slotOf(fraction)
    if (slot === undefined) {
      return frameTimeOf(microsecondsOf({ soc: soc + seconds, fraction }, this.#timeBase) + us, this.#timeBase)
    }
    const moved = slot + Math.round((us * this.#rate) / SECOND_US)
    const index = moved % this.#rate
    return {
      soc: soc + seconds + Math.floor(moved / this.#rate),
      fraction: Math.round((index * this.#timeBase) / this.#rate),
    }
  }

  /** Sources round up, down or to the nearest count. */
  #slotOf(fraction: number): number | undefined {
    if (this.#rate === 0 || this.#timeBase === 0) return undefined
    const slot = Math.round((fraction * this.#rate) / this.#timeBase)
    return Math.abs(fraction - (slot * this.#timeBase) / this.#rate) <= 1 ? slot : undefined
  }
}

/**
 * How long one round of a loop is, in µs: all streams' spans, and then up to
 * the next moment at which every stream begins a slot. So a looped stream has
 * no slot twice, and misses none that it need not miss.
 */
export function loopPeriodUs(streams: readonly RecordedStream[]): number {
  const rates = streams.map(({ configuration }) => framesPerSecond(configuration.dataRate))
  const unit = rates.every((rate) => rate >= 1 && Number.isInteger(rate))
    ? SECOND_US / rates.reduce(greatestCommonDivisor)
    : SECOND_US * rates.map((rate) => Math.max(1, Math.round(1 / (rate || 1)))).reduce(leastCommonMultiple)
  const longest = Math.max(...streams.map((stream, i) => spanUs(stream) + SECOND_US / (rates[i] || 1)))
  // Timestamps are rounded to the microsecond: that must not cost a whole unit.
  return Math.ceil((longest - 2) / unit) * unit
}

/** From the first to the last data frame, by capture time and by timestamp, whichever is longer. */
function spanUs({ events, configuration }: RecordedStream): number {
  const data = events.filter((event) => event.kind === 'data')
  const first = data[0]
  const last = data.at(-1)
  if (!first || !last) return 0
  const stamps = data.map(({ frame }) => stampUs(frame, configuration.timeBase)).toSorted((a, b) => a - b)
  // A few stale timestamps must not stretch the loop by months: without the outermost percent.
  const margin = Math.floor(stamps.length / 100)
  const core = stamps.at(-1 - margin)! - stamps[margin]!
  const all = stamps.at(-1)! - stamps[0]!
  return Math.max(last.atUs - first.atUs, all > 2 * core + SECOND_US ? core : all)
}

export const stampUs = (frame: Uint8Array, timeBase: number): number =>
  microsecondsOf({ soc: socOf(frame), fraction: fractionOf(frame) }, timeBase)

/**
 * By how much a stream's timestamps are ahead of its capture times: the median,
 * so that a stale frame after a restart says nothing. The capturing host's
 * clock may be wrong by years.
 */
export function clockOffsetUs(events: readonly RecordedEvent[], timeBase: number): number {
  const offsets = events.flatMap((event) =>
    event.kind === 'data' ? [stampUs(event.frame, timeBase) - event.atUs] : [],
  )
  return offsets.toSorted((a, b) => a - b)[Math.floor(offsets.length / 2)] ?? 0
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

function leastCommonMultiple(a: number, b: number): number {
  return (a / greatestCommonDivisor(a, b)) * b
}
