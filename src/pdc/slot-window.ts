/**
 * Time alignment: which frames of many inputs are of one instant, and when that
 * instant is let go (IEEE C37.247 clause 4.1; C37.244 explains it). Pure: times
 * come in.
 *
 * Instants are slots of the output's grid, and go in order, each once:
 *
 * - as soon as every input that is waited for has come, and all before it have gone;
 * - by absolute wait, at its own time plus the wait, by the clock: then also if nothing came;
 * - by relative wait, so long after the first frame of it, or of a later slot, came. A frame that comes before its own
 *   time waits from that time on: a clock that is ahead moves nothing.
 */
import type { SlotGrid } from '../streams/index.ts'
import type { AlignmentWindow, Misplaced, Now, OpenSlot, SlotWindowHooks } from './alignment-window.ts'

export interface SlotWindowSettings {
  /** Of the output. */
  readonly grid: SlotGrid
  readonly wait: 'absolute' | 'relative'
  readonly waitUs: number
  /** What is further ahead of the clock is of the future. */
  readonly leadUs: number
  /** What is further behind the clock is stale. */
  readonly staleUs: number
  /** An input that sent nothing for so long is not waited for, until it sends again. */
  readonly silentUs: number
}

interface Waiting<Content> extends OpenSlot<Content> {
  /** Inputs that are waited for and have not come. */
  missing: number
  /** By the monotonic clock; of a relative wait only. */
  dueUs: number
}

const MICROSECONDS = 1_000_000
/** Empty slots that go at once, after a pause: those of a second. */
const MAX_EMPTY_US = MICROSECONDS
/** So long it is known of a slot that has gone what was in it: a second frame is then a duplicate, and not late. */
const REMEMBERED_US = 5 * MICROSECONDS

export class SlotWindow<Content> implements AlignmentWindow<Content> {
  readonly #settings: SlotWindowSettings
  readonly #hooks: SlotWindowHooks<Content>
  readonly #maxEmpty: number
  readonly #remembered: number
  /** In no order. At most those from the next to the newest that the lead limit allows. */
  readonly #open = new Map<number, Waiting<Content>>()
  /** The one that was looked at last: most frames are of the same. */
  #recent: Waiting<Content> | undefined
  /** What was in those that went last. */
  readonly #gone = new Map<number, Uint8Array>()
  /** The slot that goes next; undefined before the first frame. */
  #next: number | undefined
  /** One has gone. Before, the window begins with the earliest that comes. */
  #hasBegun = false
  /** Of a relative wait: no open slot is due before. */
  #earliestDueUs = Number.POSITIVE_INFINITY
  /** By input: when it came last, and whether it is waited for. */
  readonly #heardUs: number[] = []
  readonly #isExpected: boolean[] = []
  #expected = 0
  readonly #left: number[] = []

  constructor(settings: SlotWindowSettings, hooks: SlotWindowHooks<Content>) {
    this.#settings = settings
    this.#hooks = hooks
    this.#maxEmpty = Math.max(1, Math.round(MAX_EMPTY_US / settings.grid.periodUs))
    this.#remembered = Math.max(1, Math.round(REMEMBERED_US / settings.grid.periodUs))
  }

  join({ monotonicUs }: Now): number {
    const input = this.#left.pop() ?? this.#heardUs.length
    this.#heardUs[input] = monotonicUs
    this.#isExpected[input] = false
    this.#expect(input)
    return input
  }

  leave(input: number): void {
    this.away(input)
    this.#left.push(input)
  }

  get openSlots(): number {
    return this.#open.size
  }

  get next(): number | undefined {
    return this.#next
  }

  away(input: number): void {
    if (!this.#isExpected[input]) return
    this.#isExpected[input] = false
    this.#expected--
    for (const waiting of this.#open.values()) if (waiting.present[input] === 0) waiting.missing--
  }

  slotOf(slot: number): number {
    return slot
  }

  place(input: number, slot: number, timeUs: number, now: Now): OpenSlot<Content> | Misplaced {
    const { leadUs, staleUs } = this.#settings
    const behindUs = now.utcUs - timeUs
    if (behindUs < -leadUs) return 'future'
    if (behindUs > staleUs) return 'stale'
    this.#followBack(now)
    this.#heardUs[input] = now.monotonicUs
    if (!this.#isExpected[input]) this.#expect(input)
    // Not where a clock that is ahead says.
    this.#next ??= Math.min(slot, this.#settings.grid.slotFrom(now.utcUs))
    if (!this.#hasBegun && slot < this.#next && slot >= this.#next - this.#maxEmpty) this.#next = slot
    if (slot < this.#next) return this.#gone.get(slot)?.[input] === 1 ? 'duplicate' : 'late'
    const waiting = this.#at(slot) ?? this.#begin(slot, now)
    return waiting.present[input] === 1 ? 'duplicate' : waiting
  }

  has(input: number, slot: number): boolean {
    return this.#at(slot)?.present[input] === 1
  }

  take(input: number, { slot }: OpenSlot<Content>): void {
    const waiting = this.#at(slot)
    if (waiting?.present[input] !== 0) return
    waiting.present[input] = 1
    waiting.count++
    if (this.#isExpected[input]) waiting.missing--
  }

  turn(now: Now): void {
    this.#followBack(now)
    if (this.#next === undefined) return
    const due = this.#newestDue(now)
    while (this.#next <= due || this.#isComplete(this.#next)) this.#release(due, now)
  }

  tick(now: Now): void {
    const silentSinceUs = now.monotonicUs - this.#settings.silentUs
    for (let input = 0; input < this.#heardUs.length; input++) {
      if (this.#heardUs[input]! < silentSinceUs) this.away(input)
    }
    this.turn(now)
  }

  dueUs(now: Now): number | undefined {
    const { wait, waitUs, grid } = this.#settings
    if (this.#next === undefined) return undefined
    if (wait === 'absolute') return grid.microsecondsOf(this.#next) + waitUs + now.monotonicUs - now.utcUs
    return this.#open.size > 0 ? this.#earliestDueUs : undefined
  }

  /** Lets go all that is open, complete or not. */
  flush(now: Now): void {
    if (this.#next === undefined) return
    const newest = Math.max(...this.#open.keys())
    while (this.#open.size > 0) this.#release(newest, now)
  }

  /** Instants went by a clock that has been set back since: begins anew, or nothing would have a place until then. */
  #followBack(now: Now): void {
    const { grid, leadUs } = this.#settings
    if (this.#next === undefined || grid.microsecondsOf(this.#next - 1) <= now.utcUs + leadUs) return
    this.flush(now)
    this.#gone.clear()
    this.#next = undefined
    this.#hasBegun = false
    this.#hooks.restarted()
  }

  #expect(input: number): void {
    this.#isExpected[input] = true
    this.#expected++
    for (const waiting of this.#open.values()) if (waiting.present[input] === 0) waiting.missing++
  }

  #at(slot: number): Waiting<Content> | undefined {
    if (this.#recent?.slot !== slot) this.#recent = this.#open.get(slot)
    return this.#recent
  }

  #begin(slot: number, now: Now): Waiting<Content> {
    const { grid, waitUs } = this.#settings
    const untilItsTimeUs = Math.max(0, grid.microsecondsOf(slot) - now.utcUs)
    const waiting = {
      slot,
      content: this.#hooks.open(slot),
      present: new Uint8Array(this.#heardUs.length),
      count: 0,
      missing: this.#expected,
      dueUs: now.monotonicUs + untilItsTimeUs + waitUs,
    }
    this.#open.set(slot, waiting)
    this.#earliestDueUs = Math.min(this.#earliestDueUs, waiting.dueUs)
    return waiting
  }

  #isComplete(slot: number): boolean {
    return this.#at(slot)?.missing === 0
  }

  /** Up to this one slots go, whatever they lack. */
  #newestDue({ utcUs, monotonicUs }: Now): number {
    const { wait, waitUs, grid } = this.#settings
    if (wait === 'absolute') return grid.slotFrom(utcUs - waitUs + 1) - 1
    let newest = Number.NEGATIVE_INFINITY
    if (monotonicUs < this.#earliestDueUs) return newest
    this.#earliestDueUs = Number.POSITIVE_INFINITY
    for (const { slot, dueUs } of this.#open.values()) {
      if (dueUs <= monotonicUs) newest = Math.max(newest, slot)
      else this.#earliestDueUs = Math.min(this.#earliestDueUs, dueUs)
    }
    return newest
  }

  /** The next one goes; of those before it and `due` that nothing came for, the last second. */
  #release(due: number, now: Now): void {
    const next = this.#next!
    const waiting = this.#at(next)
    if (waiting) {
      this.#go(waiting)
      return
    }
    const end = this.#firstOpen(due + 1)
    const from = Math.max(next, end - this.#maxEmpty)
    if (from > next) {
      this.#hooks.skipped(from - next)
      this.#gone.clear()
    }
    this.#go(this.#begin(from, now))
  }

  #go(waiting: Waiting<Content>): void {
    const { slot, present } = waiting
    this.#open.delete(slot)
    this.#recent = undefined
    this.#next = slot + 1
    this.#hasBegun = true
    this.#gone.set(slot, present)
    this.#gone.delete(slot - this.#remembered)
    this.#hooks.release(waiting)
  }

  /** Not beyond `limit`. */
  #firstOpen(limit: number): number {
    let first = limit
    for (const slot of this.#open.keys()) first = Math.min(first, slot)
    return first
  }
}
