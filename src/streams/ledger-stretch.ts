import type { AbsentVerdict } from './absent.ts'
import type { SlotGrid } from './slot-grid.ts'

/** Slots [from, to) of one grid. */
export interface Stretch {
  readonly grid: SlotGrid
  readonly from: number
  readonly to: number
}

/** Why a timestamp is not held. `pending`: nothing is known yet. */
export const missingWhys = ['never-produced', 'not-received', 'lost', 'pending'] as const satisfies readonly (
  | AbsentVerdict
  | 'pending'
)[]
export type MissingWhy = (typeof missingWhys)[number]

/** Slots that were expected and are not held. */
export interface MissingStretch extends Stretch {
  readonly why: MissingWhy
  /** Of the verdict; empty where it has none. */
  readonly reason: string
}

/**
 * What a ledger lets go of at its bounds. None of it changes any more: a frame
 * of these slots is a duplicate from here on. Calls are synchronous.
 */
export interface LedgerArchive {
  /** Of a rate of long ago: these were expected. Told with what was missing of them. */
  expected(stretch: Stretch): void
  /** Of slots that are, or were, expected. */
  missing(stretch: MissingStretch): void
}

/** Slots of a stretch in [fromUs, toUs). */
export function within<S extends Stretch>(stretch: S, fromUs: number, toUs: number): S | undefined {
  const from = Math.max(stretch.from, stretch.grid.slotFrom(fromUs))
  const to = Math.min(stretch.to, stretch.grid.slotFrom(toUs))
  return from < to ? { ...stretch, from, to } : undefined
}
