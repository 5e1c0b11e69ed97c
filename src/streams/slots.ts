import { IntervalSet } from './interval-set.ts'

/**
 * Which timestamps must exist. DATA_RATE counts frames per second when
 * positive and seconds per frame when negative; slots are counted from the
 * UNIX epoch and start anew each second (or each frame's multiple of seconds),
 * so a rate that does not divide TIME_BASE rounds without drifting.
 */

/** Number of the slot nearest to a timestamp. Exact below 2^53: 4e9 s at 32,767 frames/s fits. */
export function slotOf(soc: number, fraction: number, dataRate: number, timeBase: number): number {
  if (dataRate > 0) return soc * dataRate + Math.round((fraction * dataRate) / timeBase)
  return Math.round((soc + fraction / timeBase) / -dataRate)
}

/** How far a timestamp lies from its slot, in slots: -0.5 to 0.5. */
export function slotOffset(soc: number, fraction: number, dataRate: number, timeBase: number): number {
  const exact = dataRate > 0 ? (fraction * dataRate) / timeBase : ((soc % -dataRate) + fraction / timeBase) / -dataRate
  return exact - Math.round(exact)
}

/** The timestamp a slot should carry. */
export function slotTime(slot: number, dataRate: number, timeBase: number): { soc: number; fraction: number } {
  if (dataRate < 0) return { soc: slot * -dataRate, fraction: 0 }
  const soc = Math.floor(slot / dataRate)
  return { soc, fraction: Math.round(((slot - soc * dataRate) * timeBase) / dataRate) }
}

/** Slots per second; a rate of 0 has no grid. */
export const slotsPerSecond = (dataRate: number): number => (dataRate >= 0 ? dataRate : 1 / -dataRate)

/** What one frame was to the frames before it. */
export type SlotVerdict = 'next' | 'gap' | 'duplicate' | 'back'

/** Gaps that are remembered, against a frame that comes late; of older ones nothing is said any more. */
const MAX_GAPS = 4096

/** Counts gaps, duplicates and steps back of one stream by its timestamps. */
export class SlotCounter {
  readonly #dataRate: number
  readonly #timeBase: number
  readonly #seen = new IntervalSet()
  #first: number | undefined
  #last: number | undefined
  /** Slots between the first and the last that no frame came for, in its turn or late. */
  missing = 0
  /** Times that slots were skipped. */
  gaps = 0
  duplicates = 0
  /** Frames older than the one before them. */
  stepsBack = 0
  /** Frames further than a tenth of a slot from their slot. */
  offGrid = 0

  constructor(dataRate: number, timeBase: number) {
    this.#dataRate = dataRate
    this.#timeBase = timeBase
  }

  push(soc: number, fraction: number): SlotVerdict {
    const slot = slotOf(soc, fraction, this.#dataRate, this.#timeBase)
    if (Math.abs(slotOffset(soc, fraction, this.#dataRate, this.#timeBase)) > 0.1) this.offGrid++
    this.#first ??= slot
    const { end = slot } = this.#seen
    const back = this.#last !== undefined && slot < this.#last
    this.#last = slot
    if (back) this.stepsBack++
    if (this.#seen.add(slot) === 0) {
      this.duplicates++
      return back ? 'back' : 'duplicate'
    }
    if (slot > end) {
      this.gaps++
      this.missing += slot - end
      this.#forgetOldGaps()
      return 'gap'
    }
    if (slot > this.#first && slot < end) this.missing--
    return back ? 'back' : 'next'
  }

  #forgetOldGaps(): void {
    if (this.#seen.intervals <= MAX_GAPS) return
    this.#seen.add(this.#seen.at(0)!.to, this.#seen.at(1)!.from)
  }
}
