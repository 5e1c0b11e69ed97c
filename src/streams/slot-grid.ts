/**
 * The timestamps that a stream must have, by the DATA_RATE and TIME_BASE of its
 * configuration: slots, numbered from the UNIX epoch, and begun anew each
 * second (rates below one: each multiple of their seconds), so that a rate that
 * does not divide TIME_BASE rounds without drifting.
 */
import type { FrameTime } from '../c37118/index.ts'
import { slotOf, slotOffset, slotTime } from './slots.ts'

const MICROSECONDS = 1_000_000

/** What a grid follows from: a `Configuration` is one. */
export interface GridSource {
  /** DATA_RATE: frames per second if positive, seconds per frame if negative. */
  readonly dataRate: number
  /** TIME_BASE without its flags: fractions of a second that FRACSEC counts. */
  readonly timeBase: number
}

/** How far from its slot a frame of a real PMU may be, in slots: beyond it, it is off the grid. */
export const SLOT_TOLERANCE = 0.1

export class SlotGrid implements GridSource {
  readonly dataRate: number
  readonly timeBase: number
  /** Microseconds from slot to slot; not always whole. */
  readonly periodUs: number
  /** Slots by which a timestamp may miss its slot: a tenth, and the count by which FRACSEC rounds. */
  readonly tolerance: number

  private constructor({ dataRate, timeBase }: GridSource) {
    this.dataRate = dataRate
    this.timeBase = timeBase
    this.periodUs = dataRate > 0 ? MICROSECONDS / dataRate : -dataRate * MICROSECONDS
    this.tolerance = Math.min(0.5, SLOT_TOLERANCE + MICROSECONDS / timeBase / this.periodUs)
  }

  /** `undefined` where nothing says which timestamps must exist: no rate, or more frames than FRACSEC can tell apart. */
  static of({ dataRate, timeBase }: GridSource): SlotGrid | undefined {
    const isGrid = Number.isInteger(dataRate) && dataRate !== 0 && timeBase > 0 && dataRate <= timeBase
    return isGrid ? new SlotGrid({ dataRate, timeBase }) : undefined
  }

  isOf({ dataRate, timeBase }: GridSource): boolean {
    return this.dataRate === dataRate && this.timeBase === timeBase
  }

  /** The slot nearest to a timestamp. */
  slotOf(soc: number, fraction: number): number {
    return slotOf(soc, fraction, this.dataRate, this.timeBase)
  }

  /** Whether a timestamp is too far from any slot, or FRACSEC counts beyond its second. */
  isOffSlot(soc: number, fraction: number): boolean {
    if (fraction > this.timeBase) return true
    return Math.abs(slotOffset(soc, fraction, this.dataRate, this.timeBase)) > this.tolerance
  }

  /** The timestamp that a slot should have. */
  timeOf(slot: number): FrameTime {
    return slotTime(slot, this.dataRate, this.timeBase)
  }

  /** The time of a slot in whole microseconds since the UNIX epoch. */
  microsecondsOf(slot: number): number {
    if (this.dataRate < 0) return slot * this.periodUs
    const second = Math.floor(slot / this.dataRate)
    return second * MICROSECONDS + Math.round(((slot - second * this.dataRate) * MICROSECONDS) / this.dataRate)
  }

  /** The first slot whose {@link microsecondsOf} is `us` or later. */
  slotFrom(us: number): number {
    if (us <= 0) return 0
    if (this.dataRate < 0) return Math.ceil(us / this.periodUs)
    const second = Math.floor(us / MICROSECONDS)
    const before = Math.floor(((us - second * MICROSECONDS) * this.dataRate) / MICROSECONDS)
    let slot = second * this.dataRate + Math.max(0, before - 1)
    while (this.microsecondsOf(slot) < us) slot++
    return slot
  }

  /** The slot whose {@link microsecondsOf} is nearest to `us`. */
  slotNear(us: number): number {
    return this.slotFrom(us - this.periodUs / 2)
  }

  /** As {@link isOffSlot}, of a time in microseconds. */
  isOffSlotUs(us: number): boolean {
    return Math.abs(this.microsecondsOf(this.slotNear(us)) - us) > this.tolerance * this.periodUs
  }

  /** Slots of one second; 0 where a frame takes more than one. */
  get slotsPerSecond(): number {
    return Math.max(0, this.dataRate)
  }
}
