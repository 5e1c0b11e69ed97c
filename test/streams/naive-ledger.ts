import type { Account, Lane, LedgerVerdict } from '../../src/streams/index.ts'

interface Settings {
  readonly periodUs: number
  readonly closeAfterUs: number
  readonly staleAfterUs: number
  readonly futureAfterUs: number
}

/** `undefined` content: held, and forgotten what. */
type Slot = { state: 'pending' } | { state: 'held'; lane: Lane; content: number | undefined } | { state: string }

/**
 * What a ledger should say, kept the plain way: every slot in a map. One grid;
 * times are µs after slot 0. Few enough slots that all digests are remembered.
 */
export class NaiveLedger {
  readonly #settings: Settings
  readonly #slots = new Map<number, Slot>()
  readonly #counts = { duplicates: 0, conflicts: 0 }
  readonly #contentsOutside = new Map<number, number>()
  readonly #outside: Record<string, number> = {}
  #first: number | undefined
  #eraStart = 0
  #next = 0
  #isRetired = false
  /** Of what was taken since its contents were forgotten. */
  #newestUs = Number.NEGATIVE_INFINITY
  #doubtUs: number | undefined
  #utcUs = 0
  /** The least lateness of each ten seconds of the clock that had a frame. */
  #lateness: { readonly window: number; leastUs: number }[] = []
  #claim: { slot: number; lane: Lane; content: number } | undefined

  constructor(settings: Settings) {
    this.#settings = settings
  }

  live(slot: number, content: number, utcUs: number): LedgerVerdict {
    const { periodUs, staleAfterUs, futureAfterUs } = this.#settings
    const lateUs = utcUs - slot * periodUs
    this.#utcUs = Math.max(this.#utcUs, utcUs)
    this.#claim = undefined
    if (lateUs < -futureAfterUs) return this.#standsOnce('future', slot, content)
    if (lateUs > staleAfterUs) {
      this.close(utcUs)
      const found = this.#slots.get(slot)
      if (!found) return this.#standsOnce('stale', slot, content)
      if (found.state !== 'held') return this.#fresh(slot, 'late', content)
      if ('content' in found && (found.content ?? this.#ifQueued(content, utcUs)) === content) {
        return this.#judge(slot, content, 'late')
      }
      return this.#standsOnce('stale', slot, content)
    }
    const window = Math.floor(utcUs / 10_000_000)
    const latest = this.#lateness.at(-1)
    if (latest?.window === window) latest.leastUs = Math.min(latest.leastUs, lateUs)
    else this.#lateness.push({ window, leastUs: lateUs })
    if (this.#first !== undefined && this.#isRetired && !this.#begin(slot)) {
      return this.#standsOnce('stale', slot, content)
    }
    if (this.#first === undefined) return this.#fresh(slot, 'live', content)
    return this.#judge(slot, content, 'live')
  }

  late(slot: number, content: number, utcUs: number): LedgerVerdict {
    this.#claim = undefined
    if (slot * this.#settings.periodUs > Math.max(utcUs, this.#utcUs) + this.#settings.futureAfterUs) {
      return this.#stands('future')
    }
    if (this.#first === undefined) return this.#fresh(slot, 'late', content)
    if (slot >= this.#next && this.#isRetired) return this.#stands('stale')
    return this.#judge(slot, content, 'late')
  }

  take(): void {
    const { slot, lane, content } = this.#claim!
    if (this.#first === undefined) this.#begin(slot)
    this.#closeTo(slot)
    this.#slots.set(slot, { state: 'held', lane, content })
    this.#next = Math.max(this.#next, slot + 1)
    this.#newestUs = Math.max(this.#newestUs, slot * this.#settings.periodUs)
  }

  giveUp(reason: string): void {
    const { slot } = this.#claim!
    if (this.#first === undefined) return
    this.#closeTo(slot + 1)
    if (this.#slots.get(slot)?.state === 'pending') this.#slots.set(slot, { state: `lost ${reason}` })
  }

  release(slot: number): void {
    if (this.#slots.get(slot)?.state === 'held') this.#slots.set(slot, { state: 'pending' })
  }

  lane(slot: number): Lane | undefined {
    const found = this.#slots.get(slot)
    return found && 'lane' in found ? found.lane : undefined
  }

  close(utcUs: number): void {
    const { periodUs, closeAfterUs, futureAfterUs } = this.#settings
    const hasSteppedBack = utcUs + futureAfterUs < this.#utcUs
    this.#utcUs = utcUs
    if (this.#first === undefined || this.#isRetired) return
    if (hasSteppedBack) {
      while (this.#next > this.#eraStart && (this.#next - 1) * periodUs >= utcUs) {
        if (this.#slots.get(this.#next - 1)?.state !== 'pending') break
        this.#slots.delete(--this.#next)
      }
    }
    const usualUs = Math.min(...this.#lateness.slice(-2).map(({ leastUs }) => leastUs))
    const dueUs = utcUs - closeAfterUs - (this.#lateness.length === 0 ? 0 : Math.max(0, usualUs))
    this.#closeTo(Math.ceil(dueUs / periodUs))
  }

  absent(from: number, to: number, kind: string): void {
    for (let slot = from; slot < to; slot++) {
      if (this.#slots.get(slot)?.state === 'pending') this.#slots.set(slot, { state: kind })
    }
  }

  /** Of what was absent for another reason than this one. */
  reopen(from: number, to: number, except: string): void {
    for (let slot = from; slot < to; slot++) {
      const state = this.#slots.get(slot)?.state
      if (state && state !== 'held' && state !== `lost ${except}`) this.#slots.set(slot, { state: 'pending' })
    }
  }

  retire(): void {
    this.#isRetired = true
  }

  /** As after a restart: there is nothing to compare with. */
  forgetContents(): void {
    for (const found of this.#slots.values()) if ('content' in found) found.content = undefined
    this.#lateness = []
    this.#contentsOutside.clear()
    this.#newestUs = Number.NEGATIVE_INFINITY
    this.#doubtUs = undefined
    this.#utcUs = 0
  }

  pendingSlots(): number[] {
    return [...this.#slots].filter(([, { state }]) => state === 'pending').map(([slot]) => slot)
  }

  /** Every slot that is expected, and what became of it. */
  states(): ReadonlyMap<number, string> {
    return new Map([...this.#slots].map(([slot, { state }]) => [slot, state]))
  }

  account(): Account {
    const states = [...this.#slots.values()]
    const count = (is: (slot: Slot) => boolean): number => states.filter(is).length
    const byReason = (verdict: string): Record<string, number> => {
      const kinds = new Set(states.map(({ state }) => state).filter((state) => state.startsWith(`${verdict} `)))
      return Object.fromEntries(
        [...kinds].map((kind) => [kind.slice(verdict.length + 1), count(({ state }) => state === kind)]),
      )
    }
    return {
      expected: this.#slots.size,
      live: count((slot) => 'lane' in slot && slot.lane === 'live'),
      late: count((slot) => 'lane' in slot && slot.lane === 'late'),
      neverProduced: count(({ state }) => state === 'never-produced'),
      notReceived: byReason('not-received'),
      lost: byReason('lost'),
      pending: count(({ state }) => state === 'pending'),
      outside: { ...this.#outside },
      ...this.#counts,
    }
  }

  #begin(slot: number): boolean {
    if (this.#first !== undefined && slot < this.#next) {
      if (slot < this.#eraStart && this.#first !== this.#eraStart) return false
      const cut = Math.max(slot, this.#eraStart)
      for (let at = cut; at < this.#next; at++) if (this.#slots.get(at)?.state === 'held') return false
      for (let at = cut; at < this.#next; at++) this.#slots.delete(at)
    }
    this.#first ??= slot
    this.#isRetired = false
    this.#eraStart = slot
    this.#next = slot
    return true
  }

  #judge(slot: number, content: number, lane: Lane): LedgerVerdict {
    if (slot >= this.#next) {
      this.#closeTo(slot)
      return this.#fresh(slot, lane, content)
    }
    const found = this.#slots.get(slot)
    if (!found) return lane === 'live' ? this.#standsOnce('stale', slot, content) : this.#stands('stale')
    if (!('content' in found)) return this.#fresh(slot, lane, content)
    const isSame = found.content === undefined || found.content === content
    this.#counts[isSame ? 'duplicates' : 'conflicts']++
    return isSame ? 'duplicate' : 'conflict'
  }

  /** While the stream is current, and for half a minute of doubt. */
  #ifQueued(content: number, utcUs: number): number | undefined {
    const isCurrent = utcUs - this.#newestUs < 10_000_000
    this.#doubtUs = isCurrent ? undefined : (this.#doubtUs ?? utcUs)
    return this.#doubtUs === undefined || utcUs - this.#doubtUs < 30_000_000 ? content : undefined
  }

  #fresh(slot: number, lane: Lane, content: number): LedgerVerdict {
    this.#claim = { slot, lane, content }
    return 'fresh'
  }

  /** What came live is given, and a second one is not. */
  #standsOnce(reason: string, slot: number, content: number): LedgerVerdict {
    const known = this.#contentsOutside.get(slot)
    if (known !== undefined) {
      this.#counts[known === content ? 'duplicates' : 'conflicts']++
      return known === content ? 'duplicate' : 'conflict'
    }
    this.#contentsOutside.set(slot, content)
    return this.#stands(reason)
  }

  #stands(reason: string): LedgerVerdict {
    this.#outside[reason] = (this.#outside[reason] ?? 0) + 1
    return 'outside'
  }

  #closeTo(slot: number): void {
    for (; this.#next < slot; this.#next++) this.#slots.set(this.#next, { state: 'pending' })
  }
}
