/**
 * What one consumer knows of one stream: which timestamps must exist, which
 * came, which are open, and what is known of those that never will. Pure: times
 * come in, as microseconds since the UNIX epoch.
 *
 * The window begins at the first frame that was ever taken, and no timestamp
 * moves it that the clock does not believe. A slot is closed by a later frame, or by the clock;
 * closed and not held, it is pending until a frame or a journal's answer comes.
 *
 * A frame that is judged `fresh` is held once {@link take} is called; if it is
 * not, because nobody took it, its slot becomes pending like any other.
 */
import { fractionOf, socOf, timeQualityOf } from '../c37118/index.ts'
import type { AbsentRange } from './absent.ts'
import type { Account } from './account.ts'
import { type Gap, LedgerBook } from './ledger-book.ts'
import { readLedger, writeLedger } from './ledger-codec.ts'
import { DigestRing, digestOf } from './ledger-digests.ts'
import type { LedgerEra } from './ledger-era.ts'
import { LedgerError } from './ledger-error.ts'
import { type LeapSecond, midnightBefore, midnightBeside, saysInserted } from './ledger-leap.ts'
import type { LedgerArchive, MissingStretch, Stretch } from './ledger-stretch.ts'
import type { OutsideReason } from './ledger-tally.ts'
import { RecentOutside } from './recent-outside.ts'
import { type GridSource, SlotGrid } from './slot-grid.ts'
import { UsualLateness } from './usual-lateness.ts'

/** What a frame is to the ledger. `outside`: it has no slot, and is not of the accounts. */
export type LedgerVerdict = 'fresh' | 'duplicate' | 'conflict' | 'outside'

/** How a frame came: as it was sent, or from a journal or a session afterwards. */
export type Lane = 'live' | 'late'

export interface LedgerSettings {
  /** By the clock, beyond the usual lateness of the stream: then a slot is closed. Default 1,000. */
  readonly closeAfterMs: number
  /** A live frame older than this is outside. Default 60,000. */
  readonly staleAfterMs: number
  /** A frame further in the future than this is outside. Default 5,000. */
  readonly futureAfterMs: number
  /** Runs of pending slots; beyond it the oldest are lost, `too-many-gaps`. Default 4,096. */
  readonly maxGaps: number
}

const defaults: LedgerSettings = { closeAfterMs: 1000, staleAfterMs: 60_000, futureAfterMs: 5000, maxGaps: 4096 }
const MICROSECONDS = 1_000_000
/** A stream of which something newer than this is held has a clock that is right. */
const CURRENT_US = 10 * MICROSECONDS
/** So long old frames of one that has not may come out of a queue, after an outage; then it is its clock that is wrong. */
const DOUBT_US = 30 * MICROSECONDS
/** SOC has 32 bits. */
const MAX_US = 2 ** 32 * MICROSECONDS

export class StreamLedger {
  readonly #closeAfterUs: number
  readonly #staleAfterUs: number
  readonly #futureAfterUs: number
  readonly #book: LedgerBook
  readonly #digests = new DigestRing()
  /** The grid whose slots {@link #digests} are of. */
  #digestGrid: SlotGrid | undefined
  /** In force for live frames. */
  #grid: SlotGrid | undefined
  /** Of the late frame before, where it is another. */
  #lateGrid: SlotGrid | undefined
  /** The newest time by the clock. */
  #utcUs = 0
  readonly #lateness = new UsualLateness()
  #leapsSeen: number | undefined
  #recentOutside: RecentOutside | undefined

  // What was judged fresh last.
  #claimEra: LedgerEra | undefined
  #claimSlot = 0
  #claimDigest = 0
  #claimLate = false
  #claimLeap: LeapSecond | undefined
  /** It would be the first ever: the window begins here if it is taken. */
  #claimGrid: SlotGrid | undefined
  #claimUs = 0
  /** The newest time that was taken in this run. */
  #newestUs = Number.NEGATIVE_INFINITY
  /** By the clock: since when it has been in doubt whether old frames come out of a queue. */
  #doubtUs: number | undefined

  /** `archive`: is told what is forgotten at the bounds of what a ledger remembers. */
  constructor(settings: Partial<LedgerSettings> = {}, archive?: LedgerArchive, book?: LedgerBook) {
    const { closeAfterMs, staleAfterMs, futureAfterMs, maxGaps } = { ...defaults, ...settings }
    this.#closeAfterUs = closeAfterMs * 1000
    this.#staleAfterUs = staleAfterMs * 1000
    this.#futureAfterUs = futureAfterMs * 1000
    this.#book = book ?? new LedgerBook(maxGaps, undefined, archive)
  }

  /** As {@link encode} left it; what has happened since is a gap. Throws LedgerError on what it never wrote. */
  static decode(bytes: Uint8Array, settings: Partial<LedgerSettings> = {}, archive?: LedgerArchive): StreamLedger {
    return new StreamLedger(settings, archive, readLedger(bytes, settings.maxGaps ?? defaults.maxGaps, archive))
  }

  encode(): Uint8Array {
    return writeLedger(this.#book)
  }

  /** The configuration of the live frames from here on. A new rate or base begins a new era at its first frame. */
  configuration(source: GridSource): void {
    this.#grid = this.#gridOf(source)
  }

  /** Judges a frame that came live. Allocates nothing. */
  live(frame: Uint8Array, utcUs: number): LedgerVerdict {
    this.#disclaim()
    const grid = this.#grid
    if (!grid) return this.#outside('no-grid', frame)
    const soc = socOf(frame)
    const fraction = fractionOf(frame)
    if (grid.isOffSlot(soc, fraction)) return this.#outside('off-slot', frame)
    const us = soc * MICROSECONDS + (fraction * MICROSECONDS) / grid.timeBase
    this.#claimUs = us
    const lateUs = utcUs - us
    if (utcUs > this.#utcUs) this.#utcUs = utcUs
    if (lateUs < -this.#futureAfterUs) return this.#outside('future', frame)
    const slot = grid.slotOf(soc, fraction)
    if (lateUs > this.#staleAfterUs) return this.#stale(frame, grid, slot, us, utcUs)
    // Of every frame: one whose slot was closed too early is the one that can say so.
    this.#lateness.add(lateUs, utcUs)

    let era = this.#book.last
    if (!era) return this.#first(grid, slot, frame, false)
    if (this.#book.retired || (era.grid !== grid && !era.grid.isOf(grid))) {
      era = this.#book.begin(grid, slot, us)
      if (!era) return this.#outside('stale', frame)
    }
    return this.#judge(era, slot, us, frame, false)
  }

  /** Judges a frame that came from a journal or a session, by the grid of its own configuration. */
  late(frame: Uint8Array, source: GridSource, utcUs: number): LedgerVerdict {
    this.#disclaim()
    const grid = this.#gridOf(source)
    if (!grid) return this.#outside('no-grid')
    const soc = socOf(frame)
    const fraction = fractionOf(frame)
    if (grid.isOffSlot(soc, fraction)) return this.#outside('off-slot')
    const us = soc * MICROSECONDS + (fraction * MICROSECONDS) / grid.timeBase
    this.#claimUs = us
    if (us > Math.max(utcUs, this.#utcUs) + this.#futureAfterUs) return this.#outside('future')
    if (!this.#book.last) return this.#first(grid, grid.slotOf(soc, fraction), frame, true)
    const era = this.#eraFor(grid, grid.slotOf(soc, fraction), us)
    if (!era) return this.#homeless(us)
    const slot = era.grid.slotNear(us)
    if (!era.grid.isOf(grid) && era.grid.isOffSlotUs(us)) return this.#outside('off-slot')
    if (slot >= era.next && (era !== this.#book.last || this.#book.retired)) return this.#homeless(us)
    return this.#judge(era, slot, us, frame, true)
  }

  /** Holds the frame that was judged `fresh` last. */
  take(): void {
    const era = this.#claim()
    const slot = this.#claimSlot
    const { tally } = this.#book
    if (slot >= era.next) {
      this.#book.closeTo(era, slot)
      era.next = slot + 1
      tally.expected++
    } else {
      era.hold(slot)
      this.#book.bound()
    }
    if (this.#claimLate) tally.late++
    else tally.live++
    if (this.#claimUs > this.#newestUs) this.#newestUs = this.#claimUs
    this.#remember(era, slot)
  }

  /** Instead of {@link take}: nobody will ever take it, for this reason, and its slot is lost. */
  giveUp(reason: string): void {
    if (this.#claimGrid) {
      this.#disclaim()
      return
    }
    const era = this.#claim()
    const slot = this.#claimSlot
    this.#book.closeTo(era, slot + 1)
    era.giveUp(slot, slot + 1, this.#book.tally.kindOf('lost', reason))
    this.#book.bound()
  }

  /** Takes a {@link take} back: the frame did not get to where it should. Says whether it was held. */
  release(us: number, lane: Lane): boolean {
    const era = this.#book.eraAt(us)
    if (!era) return false
    const slot = era.grid.slotNear(us)
    if (slot >= era.next || era.missing(slot, slot + 1) > 0) return false
    era.pending.add(slot)
    const { tally } = this.#book
    // Of the other lane, if the caller mistook it: the sum must stand.
    if (tally[lane] > 0) tally[lane]--
    else tally[lane === 'live' ? 'late' : 'live']--
    this.#book.bound()
    return true
  }

  /**
   * What is held of the last so many µs is pending again: whoever took it may not
   * have brought it to where it should be. Returns how many slots.
   */
  redo(us: number): number {
    const { last } = this.#book
    if (!last) return 0
    let released = 0
    for (let slot = Math.max(last.start, last.grid.slotFrom(last.toUs - us)); slot < last.next; slot++) {
      if (this.release(last.grid.microsecondsOf(slot), 'live')) released++
    }
    return released
  }

  /** Holds what a record says was held, at start. Says whether it was not yet. */
  restore(us: number, lane: Lane, source: GridSource): boolean {
    const grid = this.#gridOf(source)
    if (!grid) return false
    // It came again after it was retired: nothing was expected in between.
    const { last, retired } = this.#book
    if (retired && last && us >= last.toUs) this.#book.begin(grid, grid.slotNear(us), us)
    const era = this.#eraFor(grid, grid.slotNear(us), us)
    if (!era) return false
    const slot = era.grid.slotNear(us)
    if (slot < era.next && era.missing(slot, slot + 1) === 0) return this.#restoreInserted(era.grid, slot, us, lane)
    if (slot >= era.next && era !== this.#book.last) return false
    this.#hold(era, slot, lane)
    return true
  }

  /** As {@link absent}, what a record says was answered, at start: its slots were closed then. */
  restoreAbsent(range: AbsentRange): void {
    const { last } = this.#book
    if (last && range.toUs < MAX_US) this.#book.closeTo(last, last.grid.slotFrom(range.toUs))
    this.#book.absent([range])
  }

  /** As {@link giveUp}, what a record says, at start. */
  restoreLost(us: number, reason: string): void {
    const era = this.#book.eraAt(us)
    if (!era) return
    const slot = era.grid.slotNear(us)
    if (era === this.#book.last) this.#book.closeTo(era, slot + 1)
    era.giveUp(slot, slot + 1, this.#book.tally.kindOf('lost', reason))
    this.#book.bound()
  }

  /**
   * Holds a frame that was brought from elsewhere, where one of its time is
   * expected and not held. Says whether it does: what stands outside of what is
   * expected is not of the accounts, and counted nowhere.
   */
  bring(frame: Uint8Array, source: GridSource, utcUs: number): boolean {
    const { last, retired, beganUs } = this.#book
    const grid = this.#gridOf(source)
    const [soc, fraction] = [socOf(frame), fractionOf(frame)]
    if (!last || beganUs === undefined || !grid || grid.isOffSlot(soc, fraction)) return false
    const us = soc * MICROSECONDS + (fraction * MICROSECONDS) / grid.timeBase
    if (us < beganUs || us > utcUs) return false
    const isExpected = us < last.toUs ? this.lacks(us, source) : !retired
    if (!isExpected || this.late(frame, source, utcUs) !== 'fresh') return false
    this.take()
    return true
  }

  /** A frame with other bytes than one that is held came from elsewhere. */
  noteConflict(): void {
    this.#conflict()
  }

  /** Closes what is due by the clock: call it now and then, and while a stream is silent. */
  close(utcUs: number): void {
    const { last, retired, leaps } = this.#book
    const hasSteppedBack = utcUs + this.#futureAfterUs < this.#utcUs
    this.#utcUs = utcUs
    if (!last || retired) return
    if (hasSteppedBack) this.#book.retract(utcUs)
    const dueUs = utcUs - this.#closeAfterUs - this.#lateness.us
    this.#book.closeTo(last, last.grid.slotFrom(dueUs))
    for (const leap of leaps) {
      if (leap.era.next > leap.era.start && dueUs > (leap.midnight + 1) * MICROSECONDS) {
        this.#book.closeTo(leap.era, leap.end)
      }
    }
  }

  /** Nothing more is expected, until a frame comes again; what is open stays open. */
  retire(): void {
    this.#book.retired = true
  }

  /** Pending runs of slots, oldest first. */
  gaps(limit: number): Gap[] {
    return this.#book.gaps(limit)
  }

  /** The oldest pending run at this time or later; its beginning is cut where the time falls into it. */
  nextGap(afterUs: number): Gap | undefined {
    return this.#book.nextGap(afterUs)
  }

  pendingIn(fromUs: number, toUs: number): number {
    return this.#book.pendingIn(fromUs, toUs)
  }

  /** Whether a frame of this time, by the grid of its configuration, may fill something; its bytes may tell that it does not. */
  lacks(us: number, source: GridSource): boolean {
    return this.#book.lacks(us, source)
  }

  /** Whether anything between the frames of these two times is open. */
  pendingBetween(afterUs: number, beforeUs: number): boolean {
    return this.#book.pendingBetween(afterUs, beforeUs)
  }

  /**
   * What a journal answered, or nobody will: ends the pending slots that a range
   * covers. The first verdict of a slot stands; only a frame is better news.
   * Returns how many slots it ended.
   */
  absent(ranges: readonly AbsentRange[]): number {
    return this.#book.absent(ranges)
  }

  /**
   * Somebody may know better what became of [fromUs, toUs): its absent slots are
   * pending again, but those that are lost for one of these reasons. Returns how many.
   */
  reopen(fromUs: number, toUs: number, except: ReadonlySet<string>): number {
    return this.#book.reopen(fromUs, toUs, except)
  }

  /** Closed slots, as far as they are remembered: of each rate, and of inserted seconds, which have their timestamps twice. */
  expectedStretches(): readonly Stretch[] {
    return this.#book.expectedStretches()
  }

  /** What of them is not held in [fromUs, toUs), and why. Inserted seconds count by the midnight after them. */
  missingStretches(fromUs: number, toUs: number): readonly MissingStretch[] {
    return this.#book.missingStretches(fromUs, toUs)
  }

  account(): Account {
    return this.#book.tally.account(this.#book.pending)
  }

  get pending(): number {
    return this.#book.pending
  }

  /** Of the first frame ever, and half a period less; `undefined` before it. */
  get beganUs(): number | undefined {
    return this.#book.beganUs
  }

  /** Before which all slots are closed; `undefined` before the first frame. */
  get closedUs(): number | undefined {
    return this.#book.last?.toUs
  }

  /** Before which nothing is open and nothing pending; `undefined` before the first frame. */
  get resolvedUs(): number | undefined {
    return this.#book.nextGap(Number.NEGATIVE_INFINITY)?.fromUs ?? this.closedUs
  }

  /** The grid that has this time. */
  gridAt(us: number): SlotGrid | undefined {
    return this.#book.eraAt(us)?.grid
  }

  #judge(era: LedgerEra, slot: number, us: number, frame: Uint8Array, late: boolean): LedgerVerdict {
    const digest = digestOf(frame)
    const leap = saysInserted(timeQualityOf(frame)) ? this.#leapBy(era.grid, frame) : undefined
    if (slot >= era.next) {
      this.#book.closeTo(era, slot)
      return this.#fresh(era, slot, digest, late, leap)
    }
    if (slot < era.start) return this.#judgeOlder(slot, us, era.grid, frame, late)
    if (era.missing(slot, slot + 1) > 0) return this.#fresh(era, slot, digest, late, leap)

    const known = leap?.digests[leap.indexOf(slot)] || this.#digestAt(era, slot)
    if (known === digest) return this.#duplicate()
    if (leap) return this.#judgeInserted(leap, leap.slotBeside(slot), digest, late)
    // Nothing to compare with any more.
    if (known === undefined) return this.#duplicate()
    return this.#conflict()
  }

  /** A slot before the last era began. */
  #judgeOlder(slot: number, us: number, grid: SlotGrid, frame: Uint8Array, late: boolean): LedgerVerdict {
    const era = this.#book.eraAt(us)
    if (!era?.grid.isOf(grid) || slot < era.start || slot >= era.next)
      return this.#homeless(us, late ? undefined : frame)
    return this.#judge(era, slot, us, frame, late)
  }

  /** By its bytes it is not the frame that has the slot already, so it is one of the repeated second. */
  #judgeInserted(leap: LeapSecond, slot: number, digest: number, late: boolean): LedgerVerdict {
    const { era } = leap
    if (slot >= era.next || era.missing(slot, slot + 1) > 0) {
      this.#book.closeTo(era, slot)
      return this.#fresh(era, slot, digest, late, leap)
    }
    if (leap.digests[leap.indexInserted(slot)] === digest) return this.#duplicate()
    return this.#conflict()
  }

  /**
   * Older than the clock believes. It fills what is open at its time, and is
   * known again if it is held; else it is outside, and moves nothing.
   */
  #stale(frame: Uint8Array, grid: SlotGrid, slot: number, us: number, utcUs: number): LedgerVerdict {
    this.close(utcUs)
    const era = this.#book.eraAt(us)
    if (!era?.grid.isOf(grid) || slot < era.start || slot >= era.next) return this.#outside('stale', frame)
    if (era.missing(slot, slot + 1) > 0) return this.#judge(era, slot, us, frame, true)
    const known = this.#digestAt(era, slot)
    const isKnown = known === undefined ? this.#isQueued(utcUs) : known === digestOf(frame)
    return isKnown ? this.#duplicate() : this.#outside('stale', frame)
  }

  /**
   * Whether an old frame of a slot that is held, whose bytes are forgotten, comes
   * out of a broker's queue and was healed meanwhile. While the stream is current
   * it does; and for a while when it is not, for what comes first after an outage
   * is old.
   */
  #isQueued(utcUs: number): boolean {
    if (utcUs - this.#newestUs < CURRENT_US) {
      this.#doubtUs = undefined
      return true
    }
    this.#doubtUs ??= utcUs
    return utcUs - this.#doubtUs < DOUBT_US
  }

  /** The inserted second that this frame may be of; that it is over is noted, too. */
  #leapBy(grid: SlotGrid, frame: Uint8Array): LeapSecond | undefined {
    const soc = socOf(frame)
    const beside = midnightBeside(soc)
    if (beside !== undefined) return this.#book.leapAt(grid, beside)
    const day = soc - (soc % 86_400)
    if (this.#leapsSeen === day) return undefined
    this.#leapsSeen = day
    const over = midnightBefore(soc, timeQualityOf(frame))
    const isSeen = over !== undefined && this.#book.eraAt((over - 1) * MICROSECONDS)?.grid.isOf(grid) === true
    const leap = isSeen ? this.#book.leapAt(grid, over) : undefined
    if (leap) this.#book.closeTo(leap.era, leap.end)
    return undefined
  }

  /** Only a frame of the inserted second is recorded for a slot that is held. */
  #restoreInserted(grid: SlotGrid, slot: number, us: number, lane: Lane): boolean {
    const midnight = midnightBeside(Math.floor((us + grid.periodUs / 2) / MICROSECONDS))
    const leap = midnight === undefined ? undefined : this.#book.leapAt(grid, midnight)
    if (!leap) return false
    const inserted = leap.slotBeside(slot)
    if (inserted < leap.era.next && leap.era.missing(inserted, inserted + 1) === 0) return false
    this.#hold(leap.era, inserted, lane)
    return true
  }

  #hold(era: LedgerEra, slot: number, lane: Lane): void {
    if (slot >= era.next) {
      this.#book.closeTo(era, slot)
      era.next = slot + 1
      this.#book.tally.expected++
    } else {
      era.hold(slot)
    }
    this.#book.tally[lane]++
  }

  #eraFor(grid: SlotGrid, slot: number, us: number): LedgerEra | undefined {
    const era = this.#book.eraAt(us)
    if (!era) return this.#book.last ? undefined : this.#book.begin(grid, slot, us)
    return era.grid.isOf(grid) ? era : (this.#book.carve(era, grid, slot, us) ?? era)
  }

  /** In no era: its slot was held, for all one can know, or there was none. */
  #homeless(us: number, live?: Uint8Array): LedgerVerdict {
    const { beganUs = 0, forgottenUs } = this.#book
    return us >= beganUs && us < forgottenUs ? this.#duplicate() : this.#outside('stale', live)
  }

  #gridOf(source: GridSource): SlotGrid | undefined {
    if (this.#grid?.isOf(source)) return this.#grid
    if (this.#lateGrid?.isOf(source)) return this.#lateGrid
    const grid = this.#book.last?.grid
    this.#lateGrid = grid?.isOf(source) ? grid : SlotGrid.of(source)
    return this.#lateGrid
  }

  #fresh(era: LedgerEra, slot: number, digest: number, late: boolean, leap: LeapSecond | undefined): LedgerVerdict {
    this.#claimEra = era
    this.#claimSlot = slot
    this.#claimDigest = digest
    this.#claimLate = late
    this.#claimLeap = leap
    return 'fresh'
  }

  /** Fresh, and no more yet: nothing is expected of a stream that nobody ever took a frame of. */
  #first(grid: SlotGrid, slot: number, frame: Uint8Array, late: boolean): LedgerVerdict {
    this.#claimGrid = grid
    this.#claimSlot = slot
    this.#claimDigest = digestOf(frame)
    this.#claimLate = late
    this.#claimLeap = undefined
    return 'fresh'
  }

  #claim(): LedgerEra {
    const grid = this.#claimGrid
    const era = grid ? this.#book.begin(grid, this.#claimSlot, this.#claimUs) : this.#claimEra
    if (!era) throw new LedgerError({ code: 'LEDGER_NOTHING_FRESH' }, 'the frame before was not fresh, or is taken')
    this.#disclaim()
    return era
  }

  #disclaim(): void {
    this.#claimEra = undefined
    this.#claimGrid = undefined
  }

  #remember(era: LedgerEra, slot: number): void {
    const leap = this.#claimLeap
    if (leap) {
      const index = era === leap.era ? leap.indexInserted(slot) : leap.indexOf(slot)
      if (index >= 0) leap.digests[index] = this.#claimDigest
      if (era === leap.era) return
    }
    if (era.grid !== this.#digestGrid && !this.#digestGrid?.isOf(era.grid)) {
      if (era !== this.#book.last) return
      this.#digestGrid = era.grid
      this.#digests.clear()
    }
    this.#digests.put(slot, this.#claimDigest)
  }

  #digestAt({ grid }: LedgerEra, slot: number): number | undefined {
    return this.#digestGrid?.isOf(grid) === true ? this.#digests.get(slot) : undefined
  }

  /** What came live is given on from here: that is done once, too. */
  #outside(reason: OutsideReason, live?: Uint8Array): LedgerVerdict {
    if (live) {
      this.#recentOutside ??= new RecentOutside()
      const [soc, fraction, digest] = [socOf(live), fractionOf(live), digestOf(live)]
      const known = this.#recentOutside.get(soc, fraction)
      if (known === digest) return this.#duplicate()
      if (known !== undefined) return this.#conflict()
      this.#recentOutside.put(soc, fraction, digest)
    }
    this.#book.tally.outside[reason]++
    return 'outside'
  }

  #conflict(): LedgerVerdict {
    this.#book.tally.conflicts++
    return 'conflict'
  }

  #duplicate(): LedgerVerdict {
    this.#book.tally.duplicates++
    return 'duplicate'
  }
}
