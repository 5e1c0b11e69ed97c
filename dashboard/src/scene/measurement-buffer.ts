/**
 * The last seconds of one stream, decoded, in rings of fixed size: what is drawn.
 * A stream may be live, or played back; it is the same here.
 */
import {
  type Configuration,
  compileDecoder,
  type DataColumns,
  type DataDecoder,
  fractionOf,
  framesPerSecond,
  socOf,
} from '../../../src/c37118/index.ts'
import { type Channel, channelsOf } from '../../../src/historian/channels.ts'
import { FrameTable } from '../../../src/historian/frame-table.ts'
import { SAME_S } from './series.ts'

/** Seconds that are kept. */
export const KEPT_S = 60
/** Numbers of a stream that are kept at most: a PDC's frame may have thousands. */
const MAX_NUMBERS = 1_000_000
/** Of a channel, beside its values: its names, and what reads it. */
const CHANNEL_BYTES = 256
/** A clock may jump back; what is behind by no more than this came out of order, and is left out. */
const REORDER_S = 2

/** Of channels: what is drawn of a stream. Times are seconds since 1970. */
export class MeasurementBuffer {
  readonly configuration: Configuration
  readonly channels: readonly Channel[]
  /** Frames that it was given. */
  frames = 0
  /** Those that could not be read. */
  unreadable = 0
  /** Frames per second, by DATA_RATE. */
  readonly rate: number
  readonly latest: DataColumns
  /** What it holds, near enough. */
  readonly bytes: number
  /** There was no room for as much as would be kept else. */
  readonly isShort: boolean
  readonly #decoder: DataDecoder
  readonly #at: ReadonlyMap<string, number>
  readonly #capacity: number
  readonly #times: Float64Array
  readonly #values: readonly Float64Array[]
  #next = 0
  #count = 0
  #lastS = Number.NEGATIVE_INFINITY
  /** Of what came out of order: checked as all frames are, and not shown. */
  #late: DataColumns | undefined

  /** Of no more than `mostBytes`, or of two frames: fewer seconds are kept where there is no room for all. */
  constructor(configuration: Configuration, mostBytes = Number.POSITIVE_INFINITY) {
    this.configuration = configuration
    this.channels = channelsOf(new FrameTable(configuration))
    this.#at = new Map(this.channels.map(({ id }, at) => [id, at]))
    this.rate = framesPerSecond(configuration.dataRate)
    this.#decoder = compileDecoder(configuration)
    this.latest = this.#decoder.createColumns()
    const wanted = Math.ceil(Math.min(240, Math.max(1, this.rate)) * KEPT_S)
    const columns = this.channels.length + 1
    const mostNumbers = Math.min(MAX_NUMBERS, (mostBytes - columns * CHANNEL_BYTES) / 8)
    this.#capacity = Math.max(2, Math.min(wanted, Math.floor(mostNumbers / columns)))
    this.bytes = columns * (CHANNEL_BYTES + 8 * this.#capacity)
    this.isShort = this.#capacity < Math.min(wanted, Math.floor(MAX_NUMBERS / columns))
    this.#times = new Float64Array(this.#capacity)
    this.#values = this.channels.map(() => new Float64Array(this.#capacity))
  }

  /** A data frame, of this configuration. */
  push(frame: Uint8Array): void {
    this.frames++
    const timeS = socOf(frame) + Math.round((fractionOf(frame) / this.configuration.timeBase) * 1e6) / 1e6
    const isBehind = timeS <= this.#lastS
    const isLate = isBehind && this.#lastS - timeS < REORDER_S
    if (isLate) this.#late ??= this.#decoder.createColumns()
    try {
      this.#decoder.decodeInto(frame, isLate ? this.#late! : this.latest)
    } catch {
      // Of another size, or CHK is wrong: whoever looks sees the number, and its time is not believed.
      this.unreadable++
      return
    }
    if (isLate) return
    if (isBehind) this.#count = 0
    this.#lastS = timeS
    const at = this.#next
    this.#times[at] = timeS
    for (let channel = 0; channel < this.channels.length; channel++)
      this.#values[channel]![at] = this.channels[channel]!.read(this.latest)
    this.#next = (at + 1) % this.#capacity
    this.#count = Math.min(this.#count + 1, this.#capacity)
  }

  clear(): void {
    this.#count = 0
    this.#lastS = Number.NEGATIVE_INFINITY
  }

  /** Of the newest frame; undefined before the first. */
  get timeS(): number | undefined {
    return this.#count > 0 ? this.#lastS : undefined
  }

  has(channel: string): boolean {
    return this.#at.has(channel)
  }

  /** The newest value of a channel; NaN where it is absent. */
  value(channel: string): number {
    const at = this.#at.get(channel)
    return at === undefined || this.#count === 0 ? Number.NaN : this.#values[at]![this.#newest]!
  }

  /** The value at a time, if there is a frame of it. */
  valueAt(channel: string, timeS: number): number {
    const at = this.#at.get(channel)
    if (at === undefined) return Number.NaN
    // What is asked for is nearly always among the newest.
    for (let back = 0; back < this.#count; back++) {
      const place = (this.#newest - back + this.#capacity) % this.#capacity
      const behindS = this.#times[place]! - timeS
      if (Math.abs(behindS) <= SAME_S) return this.#values[at]![place]!
      if (behindS < 0) break
    }
    return Number.NaN
  }

  /** The least and the greatest so far of what is kept, and the mean; of values that are there. */
  mean(channel: string): number {
    const at = this.#at.get(channel)
    if (at === undefined) return Number.NaN
    const values = this.#values[at]!
    let [sum, count] = [0, 0]
    for (let n = 0; n < this.#count; n++) {
      const value = values[(this.#newest - n + this.#capacity) % this.#capacity]!
      if (Number.isNaN(value)) continue
      sum += value
      count++
    }
    return sum / count
  }

  /** Times and values since then, oldest first; null where a value is absent, and where frames are missing. */
  series(
    channels: readonly string[],
    sinceS: number,
  ): { readonly times: number[]; readonly values: (number | null)[][] } {
    const times: number[] = []
    const rows = channels.map((channel) => this.#values[this.#at.get(channel) ?? -1])
    const values: (number | null)[][] = channels.map(() => [])
    const gapS = 1.5 / this.rate
    for (let n = this.#count - 1; n >= 0; n--) {
      const place = (this.#newest - n + this.#capacity) % this.#capacity
      const timeS = this.#times[place]!
      if (timeS < sinceS) continue
      const before = times.at(-1)
      if (before !== undefined && timeS - before > gapS) {
        times.push(before + 1 / this.rate)
        for (const row of values) row.push(null)
      }
      times.push(timeS)
      for (let row = 0; row < rows.length; row++) {
        const value = rows[row]?.[place] ?? Number.NaN
        values[row]!.push(Number.isNaN(value) ? null : value)
      }
    }
    return { times, values }
  }

  get #newest(): number {
    return (this.#next - 1 + this.#capacity) % this.#capacity
  }
}
