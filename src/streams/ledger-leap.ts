/**
 * The inserted leap second. SOC does not count it, so one second of timestamps
 * comes twice: 23:59:59 or 00:00:00, as devices differ. Its frames get an era
 * of their own, as long as a second, beside the one that has those timestamps
 * already. The bits of the time-quality byte say when to look; which frame is
 * whose is told by its bytes.
 *
 * A deleted second needs nothing: its slots are closed by the frames behind
 * them, and the journal says that they were never produced.
 */
import { LedgerEra } from './ledger-era.ts'
import type { SlotGrid } from './slot-grid.ts'

const DELETED = 0x40
const OCCURRED = 0x20
const PENDING = 0x10
const DAY_S = 86_400

/** Above it nobody reports by the slot grid of a second, and what is kept per second would grow. */
const MAX_RATE = 1000

/** Whether the time-quality byte says that a second is or was inserted. */
export const saysInserted = (timeQuality: number): boolean =>
  (timeQuality & (OCCURRED | PENDING)) !== 0 && (timeQuality & DELETED) === 0

/** The midnight that a repeated `soc` would belong to: leap seconds end a month. */
export function midnightBeside(soc: number): number | undefined {
  const second = soc % DAY_S
  if (second !== 0 && second !== DAY_S - 1) return undefined
  const midnight = second === 0 ? soc : soc + 1
  return beginsMonth(midnight) ? midnight : undefined
}

/** The midnight before which a second was inserted, as a frame of the day after says; over by a second at least. */
export function midnightBefore(soc: number, timeQuality: number): number | undefined {
  if ((timeQuality & OCCURRED) === 0 || soc % DAY_S === 0) return undefined
  const midnight = soc - (soc % DAY_S)
  return beginsMonth(midnight) ? midnight : undefined
}

const beginsMonth = (midnight: number): boolean => new Date(midnight * 1000).getUTCDate() === 1

export class LeapSecond {
  /** SOC of the midnight after it. */
  readonly midnight: number
  /** Slots as if its SOC were `midnight`; empty until a frame of it was seen, or it must have been. */
  readonly era: LedgerEra
  /** Of the second before midnight, the one after, and the inserted one; 0 where none was taken. */
  readonly digests: Uint32Array

  constructor(era: LedgerEra, midnight: number, digests = new Uint32Array(3 * era.grid.dataRate)) {
    this.midnight = midnight
    this.era = era
    this.digests = digests
  }

  static before(midnight: number, grid: SlotGrid): LeapSecond {
    return new LeapSecond(new LedgerEra(grid, midnight * grid.dataRate, midnight * 1_000_000), midnight)
  }

  static fits({ dataRate }: SlotGrid): boolean {
    return dataRate >= 1 && dataRate <= MAX_RATE
  }

  get end(): number {
    return this.era.start + this.era.grid.dataRate
  }

  /** Where the inserted second has the fraction of `slot`. */
  slotBeside(slot: number): number {
    return this.era.start + (slot % this.era.grid.dataRate)
  }

  /** Whether a frame that has the timestamp of `slot`, of the normal seconds, may be one that is missing here. */
  lacksBeside(slot: number): boolean {
    const inserted = this.slotBeside(slot)
    return this.indexOf(slot) >= 0 && this.era.missing(inserted, inserted + 1) > 0
  }

  /** Where {@link digests} has `slot` of the normal seconds; -1 for any other. */
  indexOf(slot: number): number {
    const index = slot - this.era.start + this.era.grid.dataRate
    return index >= 0 && index < 2 * this.era.grid.dataRate ? index : -1
  }

  /** The same for a slot of the inserted second. */
  indexInserted(slot: number): number {
    return slot - this.era.start + 2 * this.era.grid.dataRate
  }
}
