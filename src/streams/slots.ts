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

/** Counts gaps, duplicates and steps back of one stream by its timestamps. */
export class SlotCounter {
  readonly #dataRate: number
  readonly #timeBase: number
  #last: number | undefined
  /** Slots skipped over. */
  missing = 0
  /** Times that slots were skipped. */
  gaps = 0
  duplicates = 0
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
    const step = this.#last === undefined ? 1 : slot - this.#last
    this.#last = slot
    if (step === 1) return 'next'
    if (step === 0) {
      this.duplicates++
      return 'duplicate'
    }
    if (step < 0) {
      this.stepsBack++
      return 'back'
    }
    this.gaps++
    this.missing += step - 1
    return 'gap'
  }
}
