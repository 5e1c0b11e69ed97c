/** The sum of an account, part by part, and the bar that is drawn of it. Pure. */
import { type AccountJson, type CountsByReason, sumOf } from '../../../src/streams/index.ts'

export const partKeys = ['live', 'late', 'never_produced', 'not_received', 'lost', 'pending'] as const
export type PartKey = (typeof partKeys)[number]

export const partWords: Readonly<Record<PartKey, { readonly name: string; readonly meaning: string }>> = {
  live: { name: 'live', meaning: 'taken as it came' },
  late: { name: 'late', meaning: 'taken afterwards, from a journal or a session' },
  never_produced: { name: 'never produced', meaning: 'the PMU was healthy, and sent later frames, but not this one' },
  not_received: { name: 'not received', meaning: 'no adapter had it of the PMU' },
  lost: { name: 'lost', meaning: 'it was there and is gone' },
  pending: { name: 'pending', meaning: 'neither taken nor given up: it is asked for' },
}

export interface AccountPart {
  readonly key: PartKey
  readonly count: number
  /** Why, where it is told. */
  readonly reasons: CountsByReason
}

export function partsOf(account: AccountJson): readonly AccountPart[] {
  const { live, late, never_produced, not_received, lost, pending } = account
  const plain = (key: PartKey, count: number): AccountPart => ({ key, count, reasons: {} })
  return [
    plain('live', live),
    plain('late', late),
    plain('never_produced', never_produced),
    { key: 'not_received', count: sumOf(not_received), reasons: not_received },
    { key: 'lost', count: sumOf(lost), reasons: lost },
    plain('pending', pending),
  ]
}

/** As the contract has it: every timestamp is accounted for. */
export const addsUp = (account: AccountJson): boolean =>
  partsOf(account).reduce((sum, { count }) => sum + count, 0) === account.expected

export interface BarPiece {
  readonly key: PartKey
  /** Of the width, in percent. */
  readonly from: number
  readonly width: number
}

/** What is there is seen, however little it is: in percent of the bar. */
const LEAST = 2

/** Side by side, 100 in all; none where nothing was expected. */
export function barOf(parts: readonly { readonly key: PartKey; readonly count: number }[]): readonly BarPiece[] {
  const seen = parts.filter(({ count }) => count > 0)
  const total = seen.reduce((sum, { count }) => sum + count, 0)
  const small = seen.filter(({ count }) => (100 * count) / total < LEAST)
  const largeTotal = total - small.reduce((sum, { count }) => sum + count, 0)
  const room = 100 - LEAST * small.length
  let from = 0
  return seen.map(({ key, count }) => {
    const isSmall = (100 * count) / total < LEAST
    const piece = { key, from, width: isSmall ? LEAST : (room * count) / largeTotal }
    from += piece.width
    return piece
  })
}

/** Of several streams together. */
export function totalOf(accounts: readonly AccountJson[]): AccountJson {
  const sum = (read: (account: AccountJson) => number): number =>
    accounts.reduce((total, account) => total + read(account), 0)
  const byReason = (read: (account: AccountJson) => CountsByReason): CountsByReason => {
    const total: Record<string, number> = {}
    for (const account of accounts)
      for (const [reason, count] of Object.entries(read(account))) total[reason] = (total[reason] ?? 0) + count
    return total
  }
  return {
    expected: sum(({ expected }) => expected),
    live: sum(({ live }) => live),
    late: sum(({ late }) => late),
    never_produced: sum(({ never_produced }) => never_produced),
    not_received: byReason(({ not_received }) => not_received),
    lost: byReason(({ lost }) => lost),
    pending: sum(({ pending }) => pending),
    outside: byReason(({ outside }) => outside),
    duplicates: sum(({ duplicates }) => duplicates),
    conflicts: sum(({ conflicts }) => conflicts),
  }
}
