/** The alignment that a slot window must do, as slow and as plain as it can be said: every question is asked of all that ever happened. */
import type { SlotGrid } from '../../src/streams/index.ts'

export interface ModelSettings {
  readonly grid: SlotGrid
  readonly wait: 'absolute' | 'relative'
  readonly waitUs: number
  readonly leadUs: number
  readonly staleUs: number
  readonly silentUs: number
  readonly inputs: number
}

export interface ModelEvent {
  readonly utcUs: number
  readonly monotonicUs: number
  /** None: the clock ticks. */
  readonly input?: number
  readonly timeUs?: number
}

export interface Released {
  readonly slot: number
  readonly present: readonly number[]
}

export class SlotWindowModel {
  readonly verdicts: string[] = []
  readonly released: Released[] = []
  skipped = 0
  readonly #settings: ModelSettings
  readonly #history: (ModelEvent & { readonly slot: number })[] = []
  readonly #startUs: number
  #next: number | undefined
  /** So many were released before the window began anew. */
  #releasedBefore = 0
  /** What was released before is not remembered. */
  #rememberedFrom = 0
  /** So many of the history are of before the window began anew. */
  #forgotten = 0
  /** Inputs that a tick found silent, until they come again. */
  readonly #silent = new Set<number>()

  constructor(settings: ModelSettings, startUs: number) {
    this.#settings = settings
    this.#startUs = startUs
  }

  happens(event: ModelEvent): void {
    if (event.input === undefined || event.timeUs === undefined) this.#tick(event)
    else this.verdicts.push(this.#arrives(event.input, event.timeUs, event))
    this.#letGo(event)
  }

  #tick({ monotonicUs }: ModelEvent): void {
    for (let input = 0; input < this.#settings.inputs; input++) {
      const heard = this.#history.filter((event) => event.input === input).map((event) => event.monotonicUs)
      const last = Math.max(this.#startUs, ...heard)
      if (monotonicUs - last > this.#settings.silentUs) this.#silent.add(input)
    }
  }

  #arrives(input: number, timeUs: number, event: ModelEvent): string {
    const { grid, leadUs, staleUs } = this.#settings
    if (timeUs > event.utcUs + leadUs) return 'future'
    if (timeUs < event.utcUs - staleUs) return 'stale'
    this.#followBack(event)
    const slot = grid.slotNear(timeUs)
    const isDouble = this.#presentIn(slot).includes(input)
    this.#silent.delete(input)
    if (this.#next === undefined) this.#next = timeUs > event.utcUs ? Math.min(slot, this.#slotAt(event.utcUs)) : slot
    const hasBegun = this.released.length > this.#releasedBefore
    if (!hasBegun && slot < this.#next && slot >= this.#next - this.#mostEmpty()) this.#next = slot
    this.#history.push({ ...event, slot })
    if (slot < this.#next) return this.#wentWith(slot, input) ? 'duplicate' : 'late'
    return isDouble ? 'duplicate' : 'taken'
  }

  #presentIn(slot: number): number[] {
    const inputs = this.#recent()
      .filter((event) => event.slot === slot)
      .map((event) => event.input!)
    return [...new Set(inputs)].toSorted((a, b) => a - b)
  }

  /** Of the slots that went in the last five seconds, since some were skipped or the window began anew. */
  #wentWith(slot: number, input: number): boolean {
    const remembered = Math.max(1, Math.round(5_000_000 / this.#settings.grid.periodUs))
    const gone = this.released.slice(this.#rememberedFrom).find((one) => one.slot === slot)
    return gone?.present.includes(input) === true && slot >= this.#next! - remembered
  }

  /** What has gone last is further ahead of the clock than anything may be. */
  #followBack(now: ModelEvent): void {
    if (this.#next === undefined) return
    const { grid, leadUs } = this.#settings
    if (grid.microsecondsOf(this.#next - 1) <= now.utcUs + leadUs) return
    const open = this.#openSlots().toSorted((a, b) => a - b)
    for (const slot of open) {
      while (this.#next < slot - this.#mostEmpty()) {
        this.skipped++
        this.#next++
        this.#rememberedFrom = this.released.length
      }
      for (; this.#next < slot; this.#next++) this.released.push({ slot: this.#next, present: [] })
      this.released.push({ slot, present: this.#presentIn(slot) })
      this.#next = slot + 1
    }
    this.#next = undefined
    this.#forgotten = this.#history.length
    this.#rememberedFrom = this.released.length
    this.#releasedBefore = this.released.length
  }

  #mostEmpty(): number {
    return Math.max(1, Math.round(1_000_000 / this.#settings.grid.periodUs))
  }

  #letGo(now: ModelEvent): void {
    this.#followBack(now)
    for (;;) {
      if (this.#next === undefined) return
      const next = this.#next
      const open = this.#openSlots()
      const due = this.#dueSlots(now)
      const isDue = due.some((slot) => slot >= next)
      const isComplete = open.includes(next) && this.#expected().every((input) => this.#presentIn(next).includes(input))
      if (!isDue && !isComplete) return
      if (open.includes(next)) {
        this.released.push({ slot: next, present: this.#presentIn(next) })
        this.#next = next + 1
        continue
      }
      // Empty ones up to what is due or there: the last second of them.
      const end = Math.min(...open, Math.max(...due) + 1)
      const from = Math.max(next, end - this.#mostEmpty())
      this.skipped += from - next
      if (from > next) this.#rememberedFrom = this.released.length
      this.released.push({ slot: from, present: [] })
      this.#next = from + 1
    }
  }

  /** The first at this time or later. */
  #slotAt(us: number): number {
    const { grid } = this.#settings
    const near = grid.slotNear(us)
    return [near - 1, near, near + 1].find((slot) => grid.microsecondsOf(slot) >= us)!
  }

  #recent(): readonly (ModelEvent & { readonly slot: number })[] {
    return this.#history.slice(this.#forgotten)
  }

  #openSlots(): number[] {
    return [...new Set(this.#recent().map(({ slot }) => slot))].filter((slot) => slot >= this.#next!)
  }

  #expected(): number[] {
    return Array.from({ length: this.#settings.inputs }, (_, input) => input).filter(
      (input) => !this.#silent.has(input),
    )
  }

  #dueSlots(now: ModelEvent): number[] {
    const { grid, wait, waitUs } = this.#settings
    if (wait === 'relative') return this.#openSlots().filter((slot) => this.#relativeDueUs(slot) <= now.monotonicUs)
    const newest = grid.slotNear(now.utcUs - waitUs) + 1
    return [newest, newest - 1, newest - 2]
      .filter((slot) => grid.microsecondsOf(slot) + waitUs <= now.utcUs)
      .slice(0, 1)
  }

  #relativeDueUs(slot: number): number {
    const first = this.#recent().find((event) => event.slot === slot)!
    const aheadUs = this.#settings.grid.microsecondsOf(slot) - first.utcUs
    return first.monotonicUs + this.#settings.waitUs + (aheadUs > 0 ? aheadUs : 0)
  }
}
