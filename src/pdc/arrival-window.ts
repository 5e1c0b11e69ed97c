/**
 * Without alignment: what came since the last frame goes out together, whatever
 * its time (STAT bit 12 says so). For inputs whose clocks are of no use. Pure:
 * times come in.
 */
import type { SlotGrid } from '../streams/index.ts'
import type { AlignmentWindow, Misplaced, Now, OpenSlot, SlotWindowHooks } from './alignment-window.ts'

/** Instants that go at once, after a pause: those of a second. */
const MAX_BEHIND_US = 1_000_000

export interface ArrivalWindowHooks<Content> extends SlotWindowHooks<Content> {
  /** A frame of this input was put in before, and is replaced. */
  superseded(input: number): void
}

/** Slots of the output's grid go each at its own time by the clock, with the newest frame of each input since the one before. */
export class ArrivalWindow<Content> implements AlignmentWindow<Content> {
  readonly #grid: SlotGrid
  readonly #hooks: ArrivalWindowHooks<Content>
  readonly #isIn: boolean[] = []
  readonly #left: number[] = []
  #open: OpenSlot<Content> | undefined
  #next: number | undefined

  constructor({ grid }: { readonly grid: SlotGrid }, hooks: ArrivalWindowHooks<Content>) {
    this.#grid = grid
    this.#hooks = hooks
  }

  get next(): number | undefined {
    return this.#next
  }

  join(): number {
    const input = this.#left.pop() ?? this.#isIn.length
    this.#isIn[input] = true
    return input
  }

  leave(input: number): void {
    this.#isIn[input] = false
    this.#left.push(input)
  }

  away(): void {}

  slotOf(_slot: number, { utcUs }: Now): number {
    this.#next ??= this.#grid.slotFrom(utcUs)
    return this.#next
  }

  /** A second one of an input takes the place of the first. */
  place(input: number, _slot: number, _timeUs: number, now: Now): OpenSlot<Content> | Misplaced {
    const slot = this.slotOf(0, now)
    this.#open ??= { slot, content: this.#hooks.open(slot), present: new Uint8Array(this.#isIn.length), count: 0 }
    if (this.#open.present[input] === 1) this.#hooks.superseded(input)
    return this.#open
  }

  has(): boolean {
    return false
  }

  take(input: number, open: OpenSlot<Content>): void {
    if (open.present[input] !== 0) return
    open.present[input] = 1
    open.count++
  }

  turn({ utcUs }: Now): void {
    if (this.#next === undefined) return
    if (this.#grid.microsecondsOf(this.#next - 1) > utcUs + MAX_BEHIND_US) {
      this.#open = undefined
      this.#next = this.#grid.slotFrom(utcUs)
      this.#hooks.restarted()
    }
    const due = this.#grid.slotFrom(utcUs + 1) - 1
    const oldest = this.#grid.slotFrom(utcUs - MAX_BEHIND_US)
    if (this.#next < oldest) {
      this.#hooks.skipped(oldest - this.#next)
      this.#next = oldest
    }
    while (this.#next <= due) this.#release()
  }

  tick(now: Now): void {
    this.turn(now)
  }

  dueUs({ utcUs, monotonicUs }: Now): number | undefined {
    if (this.#next === undefined) return undefined
    return this.#grid.microsecondsOf(this.#next) + monotonicUs - utcUs
  }

  #release(): void {
    const slot = this.#next!
    const present = new Uint8Array(this.#isIn.length)
    const open = this.#open ?? { slot, content: this.#hooks.open(slot), present, count: 0 }
    this.#open = undefined
    this.#next = slot + 1
    this.#hooks.release({ ...open, slot })
  }
}
