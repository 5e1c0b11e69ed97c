/** The eras of a ledger in order of time, and what is pending and absent in them. Nothing here is on the hot path. */
import type { AbsentRange } from './absent.ts'
import { type Absence, LedgerEra, missingOf } from './ledger-era.ts'
import { LeapSecond } from './ledger-leap.ts'
import type { LedgerArchive, MissingStretch, Stretch } from './ledger-stretch.ts'
import { LedgerTally } from './ledger-tally.ts'
import type { GridSource, SlotGrid } from './slot-grid.ts'

/** A run of pending slots, as half-open microseconds that a journal can be asked for. */
export interface Gap {
  readonly fromUs: number
  readonly toUs: number
  readonly slots: number
}

/** Changes of rate that are remembered; the oldest is forgotten, and what is open in it is lost. */
export const MAX_ERAS = 32
export const MAX_LEAPS = 4
/** Intervals of absent slots kept per open one: beyond it the oldest are only numbers, and a frame of theirs is a duplicate. */
const ABSENT_PER_GAP = 2

export class LedgerBook {
  readonly eras: LedgerEra[] = []
  readonly leaps: LeapSecond[] = []
  readonly tally: LedgerTally
  /** No more is expected until a frame comes again. */
  retired = false
  /** Of the first frame ever, and half a period less. */
  beganUs: number | undefined
  /** Where the newest era ended that is not remembered. */
  forgottenUs = 0
  readonly #maxGaps: number
  readonly #archive: LedgerArchive | undefined

  /** `archive`: is told what is forgotten. */
  constructor(maxGaps: number, tally = new LedgerTally(), archive?: LedgerArchive) {
    this.#maxGaps = maxGaps
    this.tally = tally
    this.#archive = archive
  }

  get last(): LedgerEra | undefined {
    return this.eras[this.eras.length - 1]
  }

  get pending(): number {
    let count = 0
    for (const { pending } of this.eras) count += pending.size
    for (const { era } of this.leaps) count += era.pending.size
    return count
  }

  /** The era whose stretch has this time: the last goes on for ever. */
  eraAt(us: number): LedgerEra | undefined {
    for (let index = this.eras.length - 1; index >= 0; index--) {
      const era = this.eras[index]!
      if (us >= era.fromUs) return era
    }
    return undefined
  }

  closeTo(era: LedgerEra, slot: number): void {
    if (slot <= era.next) return
    this.tally.expected += era.closeTo(slot)
    this.bound()
  }

  /** The last era stops where another begins; `undefined` where it holds frames of that time. */
  begin(grid: SlotGrid, slot: number, us: number): LedgerEra | undefined {
    const { last } = this
    const fromUs = Math.floor(us - Math.min(last?.grid.periodUs ?? grid.periodUs, grid.periodUs) / 2)
    if (last && fromUs < last.fromUs && this.eras.length > 1) return undefined
    if (last) {
      const cut = Math.max(last.start, last.grid.slotFrom(fromUs))
      if (cut < last.next) {
        if (last.missing(cut, last.next) < last.next - cut) return undefined
        this.#cut(last, cut)
      } else if (!this.retired) this.closeTo(last, cut)
      if (last.next === last.start) this.eras.pop()
    }
    const era = new LedgerEra(grid, slot, fromUs)
    this.beganUs ??= era.fromUs
    this.retired = false
    this.#insert(this.eras.length, era)
    return era
  }

  /**
   * A frame of another grid than that which was expected, found where all is
   * pending: the rate had changed while nobody looked. The rest of the gap is
   * expected by that grid instead. `undefined` where the time is not open.
   */
  carve(era: LedgerEra, grid: SlotGrid, slot: number, us: number): LedgerEra | undefined {
    if (era === this.last && us >= era.toUs) return this.retired ? undefined : this.begin(grid, slot, us)
    const marginUs = Math.min(era.grid.periodUs, grid.periodUs) / 2
    const gap = era.pending.at(era.pending.indexAt(era.grid.slotNear(us)))
    if (!gap || this.eras.length + 2 > MAX_ERAS) return undefined
    const fromUs = Math.floor(us - marginUs)
    const cut = Math.max(gap.from, era.grid.slotFrom(fromUs))
    if (cut >= gap.to || era.grid.slotNear(us) < gap.from) return undefined

    const index = this.eras.indexOf(era)
    const gapEndsUs = Math.ceil(era.grid.microsecondsOf(gap.to) - marginUs)
    const toUs = Math.min(gapEndsUs, this.eras[index + 1]?.fromUs ?? gapEndsUs)
    const end = Math.max(slot + 1, grid.slotFrom(toUs))
    const carved = new LedgerEra(grid, slot, fromUs)
    const parts = [carved]
    if (gap.to < era.next) parts.push(era.part(gap.to, era.next, toUs))
    if (cut > era.start) parts.unshift(era.part(era.start, cut))
    this.tally.expected -= gap.to - cut
    this.eras.splice(index, 1, ...parts)
    this.closeTo(carved, end)
    return carved
  }

  /** Takes back what only a clock that ran ahead has closed: the pending end of the last era from `us` on. */
  retract(us: number): void {
    const { last } = this
    const tail = last?.pending.at(last.pending.intervals - 1)
    if (!last || tail?.to !== last.next) return
    const cut = Math.max(tail.from, last.grid.slotFrom(us))
    if (cut < last.next) this.#cut(last, cut)
  }

  /** The inserted second that a frame beside this midnight may be of; begun where it is not known. */
  leapAt(grid: SlotGrid, midnight: number): LeapSecond | undefined {
    if (!LeapSecond.fits(grid)) return undefined
    const known = this.leaps.find((leap) => leap.midnight === midnight && leap.era.grid.isOf(grid))
    if (known) return known
    const leap = LeapSecond.before(midnight, grid)
    this.leaps.push(leap)
    if (this.leaps.length > MAX_LEAPS) this.#forget(this.leaps.shift()!.era)
    return leap
  }

  /** Oldest first: what is oldest is the next that a journal lets go, and is read in one pass. */
  gaps(limit: number): Gap[] {
    const found = this.eras.flatMap((era) => gapsOf(era, limit, 0))
    for (const { era } of this.leaps) found.push(...gapsOf(era, limit, 1))
    return found.toSorted((a, b) => a.fromUs - b.fromUs).slice(0, limit)
  }

  /** The oldest gap of what is pending at `afterUs` or later. */
  nextGap(afterUs: number): Gap | undefined {
    let oldest: Gap | undefined
    const consider = (era: LedgerEra, seconds: number): void => {
      const { from } = era.slotsIn(afterUs, Number.POSITIVE_INFINITY)
      const interval = era.pending.at(era.pending.indexAt(from))
      if (!interval) return
      const gap = gapOf(era, Math.max(from, interval.from), interval.to, seconds)
      if (!oldest || gap.fromUs < oldest.fromUs) oldest = gap
    }
    for (const era of this.eras) consider(era, 0)
    for (const { era } of this.leaps) consider(era, 1)
    return oldest
  }

  pendingIn(fromUs: number, toUs: number): number {
    let count = 0
    this.#each((era) => {
      const { from, to } = era.slotsIn(fromUs, toUs)
      count += era.pending.count(from, to)
    })
    return count
  }

  /** All slots that were expected, as far as they are remembered. */
  expectedStretches(): Stretch[] {
    const found: Stretch[] = []
    this.#each(({ grid, start, next }) => {
      if (start < next) found.push({ grid, from: start, to: next })
    })
    return found
  }

  /** What of them is not held in [fromUs, toUs). */
  missingStretches(fromUs: number, toUs: number): MissingStretch[] {
    const found: MissingStretch[] = []
    this.#each((era) => {
      const { from, to } = era.slotsIn(fromUs, toUs)
      found.push(...era.missingStretches(from, to))
    })
    return found
  }

  /** Whether nothing is held at this time; an inserted second has the timestamps of those beside it, too. */
  lacks(us: number, source: GridSource): boolean {
    const era = this.eraAt(us)
    // By another grid than was expected: it may be that the rate had changed.
    if (!era?.grid.isOf(source)) return true
    const slot = era.grid.slotNear(us)
    if (era.missing(slot, slot + 1) > 0) return true
    return this.leaps.some((leap) => leap.lacksBeside(slot) && leap.era.grid.isOf(source))
  }

  pendingBetween(afterUs: number, beforeUs: number): boolean {
    for (const { pending, grid } of this.eras) {
      if (pending.size === 0) continue
      // The slots of frames of both times are not between them.
      const half = grid.periodUs / 2
      const from = grid.slotFrom(afterUs + half)
      const interval = pending.at(pending.indexAt(from))
      if (interval && grid.microsecondsOf(Math.max(from, interval.from)) < beforeUs - half) return true
    }
    return false
  }

  /** Ends what is pending in these ranges; returns how many slots. */
  absent(ranges: readonly AbsentRange[]): number {
    let given = 0
    for (const { fromUs, toUs, verdict, reason } of ranges) {
      const kind = this.tally.kindOf(verdict, reason)
      this.#each((era) => {
        const { from, to } = era.slotsIn(fromUs, toUs)
        given += era.giveUp(from, to, kind)
      })
    }
    this.bound()
    return given
  }

  /**
   * What was said of these times is in doubt: it is pending again, but for what
   * has one of these reasons. The newest first, as far as there may be more gaps.
   */
  reopen(fromUs: number, toUs: number, except: ReadonlySet<string>): number {
    let room = this.#maxGaps
    const found: { readonly era: LedgerEra; readonly absence: Absence; readonly us: number }[] = []
    this.#each((era) => {
      room -= era.pending.intervals
      const { from, to } = era.slotsIn(fromUs, toUs)
      for (const absence of era.absences(from, to)) {
        if (!except.has(absence.kind.reason)) found.push({ era, absence, us: era.grid.microsecondsOf(absence.from) })
      }
    })
    const newest = found.toSorted((one, other) => other.us - one.us).slice(0, Math.max(0, room))
    const reopened = newest.reduce((sum, { era, absence }) => sum + era.reopen(absence), 0)
    this.bound()
    return reopened
  }

  /** At the bound the oldest gaps are given up, and the oldest absences become mere numbers. */
  bound(): void {
    let [open, closed] = [0, 0]
    this.#each((era) => {
      open += era.pending.intervals
      closed += era.absentIntervals
    })
    for (; open > this.#maxGaps; open--, closed++) {
      const era = this.eras.find(({ pending }) => pending.intervals > 0)
      const gap = era?.pending.at(0)
      if (!era || !gap) break
      era.giveUp(gap.from, gap.to, this.tally.kindOf('lost', 'too-many-gaps'))
    }
    for (; closed > ABSENT_PER_GAP * this.#maxGaps; closed--) {
      const era = this.eras.find(({ absentIntervals }) => absentIntervals > 0)
      if (!era) break
      const absence = era.forgetOldestAbsence()
      if (absence) this.#archive?.missing(missingOf(era.grid, absence))
    }
  }

  #each(visit: (era: LedgerEra) => void): void {
    for (const era of this.eras) visit(era)
    for (const { era } of this.leaps) visit(era)
  }

  #cut(era: LedgerEra, slot: number): void {
    this.tally.expected -= era.next - slot
    era.disown(slot, era.next)
    era.next = slot
  }

  #insert(index: number, era: LedgerEra): void {
    this.eras.splice(index, 0, era)
    if (this.eras.length <= MAX_ERAS) return
    // What has nothing open is forgotten first: only its frames of long ago would not be known again.
    const settled = this.eras.findIndex(({ pending }) => pending.size === 0)
    const [gone] = this.eras.splice(settled === -1 || settled === index ? 0 : settled, 1)
    this.forgottenUs = Math.max(this.forgottenUs, Math.ceil(gone!.toUs))
    this.#forget(gone!)
  }

  #forget(era: LedgerEra): void {
    const { grid, start, next } = era
    era.giveUp(start, next, this.tally.kindOf('lost', 'too-many-gaps'))
    if (start < next) this.#archive?.expected({ grid, from: start, to: next })
    for (const missing of era.missingStretches(start, next)) this.#archive?.missing(missing)
  }
}

function gapsOf(era: LedgerEra, limit: number, repeatedS: number): Gap[] {
  const gaps: Gap[] = []
  for (let index = 0; index < Math.min(limit, era.pending.intervals); index++) {
    const { from, to } = era.pending.at(index)!
    gaps.push(gapOf(era, from, to, repeatedS))
  }
  return gaps
}

/** The timestamps of an inserted second may be those of the second before, too. */
function gapOf({ grid }: LedgerEra, from: number, to: number, repeatedS: number): Gap {
  const half = grid.periodUs / 2
  return {
    fromUs: Math.max(0, Math.floor(grid.microsecondsOf(from) - half) - repeatedS * 1_000_000),
    toUs: Math.ceil(grid.microsecondsOf(to - 1) + half),
    slots: to - from,
  }
}
