/**
 * A stretch of a stream under one DATA_RATE and TIME_BASE. Every slot of
 * [start, next) is either pending, absent of some kind, or held; only what is
 * not held is stored, so a stream without gaps is two numbers.
 */
import { IntervalSet } from './interval-set.ts'
import type { MissingStretch } from './ledger-stretch.ts'
import type { AbsenceKind } from './ledger-tally.ts'
import type { SlotGrid } from './slot-grid.ts'

/** Slots [from, to) that are absent of one kind. */
export interface Absence {
  readonly kind: AbsenceKind
  readonly from: number
  readonly to: number
}

export function missingOf(grid: SlotGrid, { kind, from, to }: Absence): MissingStretch {
  return { grid, from, to, why: kind.verdict, reason: kind.reason }
}

export class LedgerEra {
  readonly grid: SlotGrid
  readonly start: number
  /** The first slot that is not closed. */
  next: number
  /** Times from here on are of this era, up to the next one. */
  readonly fromUs: number
  readonly pending: IntervalSet
  readonly absent: Map<AbsenceKind, IntervalSet>

  constructor(
    grid: SlotGrid,
    start: number,
    fromUs: number,
    next = start,
    pending = new IntervalSet(),
    absent = new Map<AbsenceKind, IntervalSet>(),
  ) {
    this.grid = grid
    this.start = start
    this.fromUs = fromUs
    this.next = next
    this.pending = pending
    this.absent = absent
  }

  /** Half a period before the first slot that is not closed. */
  get toUs(): number {
    return this.grid.microsecondsOf(this.next) - this.grid.periodUs / 2
  }

  /** Closed slots of [fromUs, toUs). */
  slotsIn(fromUs: number, toUs: number): { from: number; to: number } {
    const { grid, start, next } = this
    const from = fromUs <= grid.microsecondsOf(start) ? start : fromUs > this.toUs ? next : grid.slotFrom(fromUs)
    const to = toUs > this.toUs ? next : grid.slotFrom(toUs)
    return { from, to: Math.max(from, Math.min(to, next)) }
  }

  absenceOf(slot: number): AbsenceKind | undefined {
    for (const [kind, slots] of this.absent) if (slots.has(slot)) return kind
    return undefined
  }

  /** Slots below `slot` are waited for no longer; returns how many became pending. */
  closeTo(slot: number): number {
    if (slot <= this.next) return 0
    const closed = this.pending.add(this.next, slot)
    this.next = slot
    return closed
  }

  /** Gives up the pending slots of [from, to); returns how many. */
  giveUp(from: number, to: number, kind: AbsenceKind): number {
    const { pending } = this
    let given = 0
    for (let index = pending.indexAt(from); ; ) {
      const interval = pending.at(index)
      if (!interval || interval.from >= to) break
      const low = Math.max(from, interval.from)
      const high = Math.min(to, interval.to)
      this.#slotsOf(kind).add(low, high)
      pending.remove(low, high)
      given += high - low
      index = pending.indexAt(high)
    }
    kind.count += given
    return given
  }

  /** Which slots of [from, to) are absent, and as what. */
  absences(from: number, to: number): Absence[] {
    const found: Absence[] = []
    for (const [kind, slots] of this.absent) {
      for (let index = slots.indexAt(from); ; index++) {
        const interval = slots.at(index)
        if (!interval || interval.from >= to) break
        found.push({ kind, from: Math.max(from, interval.from), to: Math.min(to, interval.to) })
      }
    }
    return found
  }

  /** Which slots of [from, to) are not held, and why. */
  missingStretches(from: number, to: number): MissingStretch[] {
    const { grid } = this
    const found = this.absences(from, to).map((absence) => missingOf(grid, absence))
    for (let index = this.pending.indexAt(from); ; index++) {
      const interval = this.pending.at(index)
      if (!interval || interval.from >= to) return found
      const part = { from: Math.max(from, interval.from), to: Math.min(to, interval.to) }
      found.push({ grid, ...part, why: 'pending', reason: '' })
    }
  }

  /** What was absent is pending again; returns how many slots. */
  reopen({ kind, from, to }: Absence): number {
    const reopened = this.absent.get(kind)?.remove(from, to) ?? 0
    kind.count -= reopened
    this.pending.add(from, to)
    return reopened
  }

  /** Makes an absent or pending slot a held one. */
  hold(slot: number): void {
    if (this.pending.remove(slot) === 1) return
    const kind = this.absenceOf(slot)
    if (!kind) return
    this.absent.get(kind)!.remove(slot)
    kind.count--
  }

  /** How many of [from, to) are not held. */
  missing(from: number, to: number): number {
    let count = this.pending.count(from, to)
    for (const slots of this.absent.values()) count += slots.count(from, to)
    return count
  }

  /** Expects nothing of [from, to) any more, none of which is held. */
  disown(from: number, to: number): void {
    this.pending.remove(from, to)
    for (const [kind, slots] of this.absent) kind.count -= slots.remove(from, to)
  }

  /** What it knows of [from, to), as an era of its own. */
  part(from: number, to: number, fromUs = this.fromUs): LedgerEra {
    const range = IntervalSet.of([from, to])
    const absent = new Map([...this.absent].map(([kind, slots]) => [kind, slots.intersection(range)] as const))
    return new LedgerEra(this.grid, from, fromUs, to, this.pending.intersection(range), absent)
  }

  /** The interval that lies furthest back is held for all one can see; what was counted stays counted. */
  forgetOldestAbsence(): Absence | undefined {
    let oldest: Absence | undefined
    for (const [kind, slots] of this.absent) {
      const first = slots.at(0)
      if (first && first.from < (oldest?.from ?? Number.POSITIVE_INFINITY)) oldest = { kind, ...first }
    }
    if (oldest) this.absent.get(oldest.kind)!.remove(oldest.from, oldest.to)
    return oldest
  }

  get absentIntervals(): number {
    let count = 0
    for (const slots of this.absent.values()) count += slots.intervals
    return count
  }

  #slotsOf(kind: AbsenceKind): IntervalSet {
    let slots = this.absent.get(kind)
    if (!slots) {
      slots = new IntervalSet()
      this.absent.set(kind, slots)
    }
    return slots
  }
}
