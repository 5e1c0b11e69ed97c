import {
  type Configuration,
  compileDecoder,
  type DataColumns,
  decodeTimeQuality,
  framesPerSecond,
  microsecondsOf,
  Stat,
} from '../../../c37118/index.ts'
import { type ComtradeChannels, comtradeChannels } from './channels.ts'

/** In µs: what rounding to whole µs, twice, can make. */
const ROUNDING_US = 1.01

/**
 * All frames of one configuration: a pair of files. Read twice; the first time
 * says what has to be known in front of the data.
 */
export class ComtradeRecord {
  readonly configuration: Configuration
  readonly channels: ComtradeChannels
  /** Per second; 0: nobody knows. */
  readonly rate: number
  readonly #decode: (frame: Uint8Array) => DataColumns
  samples = 0
  firstUs = 0
  lastUs = 0
  /** Every sample is where the rate says, and none is missing. */
  isRegular = true
  /** The first that has a trigger. */
  triggerUs: number | undefined
  /** MSG_TQ, the worst of all. */
  timeQuality = 0
  /** Of the inserted or deleted second within the record: as COMTRADE has it. */
  leapSecond: 0 | 1 | 2 = 0
  /** Of each analog channel; of one without values nothing is between. */
  readonly least: Float64Array
  readonly greatest: Float64Array
  #hadLeap = false

  constructor(configuration: Configuration) {
    this.configuration = configuration
    this.channels = comtradeChannels(configuration)
    this.rate = framesPerSecond(configuration.dataRate)
    const decoder = compileDecoder(configuration)
    const columns = decoder.createColumns()
    this.#decode = (frame) => {
      decoder.decodeInto(frame, columns)
      return columns
    }
    const { length } = this.channels.analogs
    this.least = new Float64Array(length).fill(Number.POSITIVE_INFINITY)
    this.greatest = new Float64Array(length).fill(Number.NEGATIVE_INFINITY)
  }

  /** The same columns each time. */
  read(frame: Uint8Array): { readonly timeUs: number; readonly columns: DataColumns } {
    const columns = this.#decode(frame)
    return { timeUs: microsecondsOf(columns, this.configuration.timeBase), columns }
  }

  /** The first reading. Of one time the last frame counts: a more complete one comes after. */
  survey(frame: Uint8Array): void {
    const { timeUs, columns } = this.read(frame)
    if (this.samples === 0) this.firstUs = timeUs
    if (this.samples === 0 || timeUs !== this.lastUs) this.#sample(timeUs)
    else if (this.triggerUs === timeUs) this.triggerUs = undefined
    this.lastUs = timeUs
    if (columns.stat.some((stat) => (stat & Stat.trigger) !== 0)) this.triggerUs ??= timeUs
    const quality = decodeTimeQuality(columns.timeQuality)
    this.timeQuality = Math.max(this.timeQuality, quality.indicator)
    if (this.samples > 1 && quality.leapSecondOccurred && !this.#hadLeap)
      this.leapSecond = quality.leapSecondDeleted ? 2 : 1
    this.#hadLeap = quality.leapSecondOccurred
    this.channels.analogs.forEach(({ read }, at) => {
      const value = read(columns)
      if (!Number.isFinite(value)) return
      if (value < this.least[at]!) this.least[at] = value
      if (value > this.greatest[at]!) this.greatest[at] = value
    })
  }

  #sample(timeUs: number): void {
    const due = this.firstUs + (this.samples * 1e6) / this.rate
    if (!(Math.abs(timeUs - due) <= ROUNDING_US)) this.isRegular = false
    this.samples++
  }
}
