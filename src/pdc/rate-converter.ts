/**
 * Another reporting rate (IEEE C37.247 clause 4.5): of the samples of an input,
 * those at the instants of an output. Pure; give it the samples in the order of
 * their time.
 */
import { Stat } from '../c37118/index.ts'
import { SLOT_TOLERANCE, type SlotGrid } from '../streams/index.ts'
import { worstTimeQuality } from './carry-stat.ts'
import { interpolate } from './interpolate.ts'
import { type LowPass, lowPassFor } from './low-pass.ts'
import { movedTo, type RatedSample } from './rated-sample.ts'

/** Down: the nearest to an instant, or filtered first. Up: the one before (`hold`), or in between. */
export type RateMethod = 'nearest' | 'filter' | 'hold' | 'interpolate'

export interface RateSettings {
  readonly method: RateMethod
  /** Frames per second of the input. */
  readonly from: number
  /** Of the output. */
  readonly grid: SlotGrid
  /** Nominal frequency of each phasor's PMU, Hz: how far it turns between two samples follows from FREQ. */
  readonly fnom: readonly number[]
  /** By phasor, the index of its PMU. */
  readonly pmuOfPhasor: readonly number[]
}

/** An instant of the output, and what is of it. */
export type OnInstant = (slot: number, sample: RatedSample) => void

const MICROSECONDS = 1_000_000
/** Two samples further apart than so many periods have a hole between them, in which nothing is known. */
const HOLE = 1.5
/** Of the weights of a filter, so much may be missing: the others then stand for it. */
const MISSING_WEIGHT = 0.1

export class RateConverter {
  readonly #settings: RateSettings
  readonly #periodUs: number
  /** How far from an instant a sample is of it. */
  readonly #slackUs: number
  readonly #filter: LowPass | undefined
  readonly #longestHoleUs: number
  /** The last one; with a filter, as many as it needs. */
  #history: RatedSample[] = []
  /** The next instant. */
  #next: number | undefined

  constructor(settings: RateSettings) {
    this.#settings = settings
    this.#periodUs = MICROSECONDS / settings.from
    this.#slackUs = SLOT_TOLERANCE * Math.min(this.#periodUs, settings.grid.periodUs)
    const to = MICROSECONDS / settings.grid.periodUs
    this.#filter = settings.method === 'filter' ? lowPassFor(settings.from, to) : undefined
    this.#longestHoleUs = Math.max(HOLE * this.#periodUs, 2 * this.groupDelayUs)
  }

  /** So long after an instant it can be told, beside what its sample takes: the delay of the filter, in µs. */
  get groupDelayUs(): number {
    return this.#filter ? this.#filter.halfS * MICROSECONDS : 0
  }

  /** `false`: older than the one before, and of no use. */
  push(sample: RatedSample, onInstant: OnInstant): boolean {
    const last = this.#history.at(-1)
    if (last && sample.timeUs <= last.timeUs) return false
    const { grid } = this.#settings
    // Beyond a hole there is nothing to count through: it may be of years, by a wild clock.
    if (last && sample.timeUs - last.timeUs > this.#longestHoleUs) {
      this.#history = []
      this.#next = Math.max(this.#next!, grid.slotFrom(sample.timeUs - this.#slackUs))
    }
    this.#next ??= grid.slotFrom(sample.timeUs - this.#slackUs)
    if (this.#filter) this.#filtered(sample, this.#filter, onInstant)
    else this.#between(this.#history.at(-1), sample, onInstant)
    return true
  }

  #isAt(sample: RatedSample, timeUs: number): boolean {
    return Math.abs(sample.timeUs - timeUs) <= this.#slackUs
  }

  /** All instants up to this sample, from it and the one before. */
  #between(last: RatedSample | undefined, sample: RatedSample, onInstant: OnInstant): void {
    const { grid } = this.#settings
    const isHole = last === undefined || sample.timeUs - last.timeUs > HOLE * this.#periodUs
    for (; ; this.#next!++) {
      const slot = this.#next!
      const timeUs = grid.microsecondsOf(slot)
      if (this.#isAt(sample, timeUs)) onInstant(slot, sample)
      else if (timeUs > sample.timeUs) break
      else if (last && this.#isAt(last, timeUs)) continue
      else if (last && !isHole) onInstant(slot, this.#at(timeUs, last, sample))
    }
    this.#history = [sample]
  }

  #at(timeUs: number, last: RatedSample, sample: RatedSample): RatedSample {
    const { method } = this.#settings
    if (method === 'hold') return movedTo(last, timeUs)
    if (method === 'interpolate') return interpolate(last, sample, timeUs, this.#settings)
    return movedTo(timeUs - last.timeUs <= sample.timeUs - timeUs ? last : sample, timeUs)
  }

  #filtered(sample: RatedSample, filter: LowPass, onInstant: OnInstant): void {
    const { grid } = this.#settings
    const halfUs = filter.halfS * MICROSECONDS
    const slackUs = this.#slackUs
    const last = this.#history.at(-1)
    if (last && Math.round((sample.timeUs - last.timeUs) / this.#periodUs) === 2) {
      // One that is missing weighs much; from those beside it little is unknown of it.
      this.#history.push(interpolate(last, sample, (last.timeUs + sample.timeUs) / 2, this.#settings))
    }
    this.#history.push(sample)
    for (; ; this.#next!++) {
      const timeUs = grid.microsecondsOf(this.#next!)
      if (timeUs + halfUs > sample.timeUs + slackUs) break
      const found = this.#weighed(timeUs, filter)
      if (found) onInstant(this.#next!, found)
    }
    const oldestUs = grid.microsecondsOf(this.#next!) - halfUs - slackUs
    const used = this.#history.findIndex(({ timeUs }) => timeUs >= oldestUs)
    if (used > 0) this.#history.splice(0, used)
  }

  /** The weighed mean of what is around an instant; `undefined` where too much of it is missing. */
  #weighed(timeUs: number, filter: LowPass): RatedSample | undefined {
    const around = this.#history
      .map((sample) => ({ sample, weight: filter.weight((sample.timeUs - timeUs) / MICROSECONDS) }))
      .filter(({ weight }) => weight !== 0)
    const nearest = around.reduce<RatedSample | undefined>(
      (best, { sample }) =>
        best && Math.abs(best.timeUs - timeUs) <= Math.abs(sample.timeUs - timeUs) ? best : sample,
      undefined,
    )
    if (!nearest) return undefined
    const whole = this.#wholeWeight(timeUs, filter)
    const mean = (values: (sample: RatedSample) => Float64Array): Float64Array =>
      values(nearest).map((_, at) => meanOf(around, (sample) => values(sample)[at]!, whole))
    return {
      timeUs,
      timeQuality: around.reduce((worst, { sample }) => worstTimeQuality(worst, sample.timeQuality), 0),
      stat: nearest.stat.map((one) => one | Stat.dataModified),
      phasors: mean(({ phasors }) => phasors),
      freq: mean(({ freq }) => freq),
      dfreq: mean(({ dfreq }) => dfreq),
      analogs: mean(({ analogs }) => analogs),
      digitals: nearest.digitals,
    }
  }

  /** Of all samples that there would be around an instant, were none missing. */
  #wholeWeight(timeUs: number, { halfS, weight }: LowPass): number {
    const { from } = this.#settings
    const newestUs = this.#history.at(-1)!.timeUs
    const shiftS = ((newestUs - timeUs) / MICROSECONDS) % (1 / from)
    let sum = 0
    for (let n = -Math.ceil(halfS * from) - 1; n <= halfS * from + 1; n++) sum += weight(shiftS + n / from)
    return sum
  }
}

/** NaN where what is missing weighs too much. */
function meanOf(
  around: readonly { readonly sample: RatedSample; readonly weight: number }[],
  valueIn: (sample: RatedSample) => number,
  whole: number,
): number {
  let [sum, weights, missing] = [0, 0, whole]
  for (const { sample, weight } of around) {
    const value = valueIn(sample)
    if (Number.isNaN(value)) continue
    sum += weight * value
    weights += weight
    missing -= weight
  }
  return Math.abs(missing) > MISSING_WEIGHT * whole ? Number.NaN : sum / weights
}
