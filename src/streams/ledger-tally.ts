/** The numbers of a ledger, and the kinds of absence it counts by. */
import type { AbsentVerdict } from './absent.ts'
import type { Account } from './account.ts'

/** One kind of absence: a verdict of the accounts and its reason. */
export interface AbsenceKind {
  readonly verdict: Exclude<AbsentVerdict, 'expired'>
  /** Empty where the verdict has none. */
  readonly reason: string
  count: number
}

/** Why a frame has no slot. */
export type OutsideReason = 'stale' | 'future' | 'off-slot' | 'no-grid'

/** Reasons come from journals of others, and each is a metric: at this many of a verdict, the rest are `other`. */
export const MAX_REASONS = 24
const reasonPattern = /^[A-Za-z0-9_-]{1,64}$/

export class LedgerTally {
  expected = 0
  live = 0
  late = 0
  duplicates = 0
  conflicts = 0
  readonly outside: Record<OutsideReason, number> = { stale: 0, future: 0, 'off-slot': 0, 'no-grid': 0 }
  readonly #kinds: AbsenceKind[] = []

  get kinds(): readonly AbsenceKind[] {
    return this.#kinds
  }

  /** The kind that absences of this verdict and reason are counted by; the same object for the same words. */
  kindOf(verdict: AbsentVerdict, reason?: string): AbsenceKind {
    if (verdict === 'expired') return this.kindOf('lost', 'expired')
    if (verdict === 'never-produced') return this.#find(verdict, '') ?? this.#add(verdict, '')
    const said = reason === undefined ? 'unknown' : reasonPattern.test(reason) ? reason : 'other'
    const known = this.#find(verdict, said)
    if (known) return known
    const isFull = this.#kinds.filter((kind) => kind.verdict === verdict).length >= MAX_REASONS
    return isFull ? (this.#find(verdict, 'other') ?? this.#add(verdict, 'other')) : this.#add(verdict, said)
  }

  account(pending: number): Account {
    const { expected, live, late, duplicates, conflicts } = this
    return {
      expected,
      live,
      late,
      neverProduced: this.#find('never-produced', '')?.count ?? 0,
      notReceived: this.#byReason('not-received'),
      lost: this.#byReason('lost'),
      pending,
      outside: Object.fromEntries(Object.entries(this.outside).filter(([, count]) => count > 0)),
      duplicates,
      conflicts,
    }
  }

  #find(verdict: AbsentVerdict, reason: string): AbsenceKind | undefined {
    return this.#kinds.find((kind) => kind.verdict === verdict && kind.reason === reason)
  }

  #add(verdict: AbsenceKind['verdict'], reason: string): AbsenceKind {
    const kind = { verdict, reason, count: 0 }
    this.#kinds.push(kind)
    return kind
  }

  #byReason(verdict: AbsentVerdict): Record<string, number> {
    const some = this.#kinds.filter((kind) => kind.verdict === verdict && kind.count > 0)
    return Object.fromEntries(some.map(({ reason, count }) => [reason, count]))
  }
}
