/** What happened to a stream between one account of it and the next: gaps, and their healing. Pure. */
import { type AccountJson, type CountsByReason, sumOf } from '../../../src/streams/index.ts'

export type AccountEvent = { readonly atS: number } & (
  | { readonly kind: 'opened' | 'grows'; readonly pending: number }
  | { readonly kind: 'healing'; readonly pending: number; readonly most: number }
  | {
      readonly kind: 'closed'
      /** Frames that healed. */
      readonly late: number
      /** Those that will not come. */
      readonly absent: number
      /** From the first that was missed. */
      readonly seconds: number
    }
  | {
      readonly kind: 'lost' | 'not received' | 'never produced' | 'outside' | 'conflicts'
      readonly count: number
      readonly reason?: string
    }
  | { readonly kind: 'anew' }
)

interface Episode {
  readonly sinceS: number
  readonly before: AccountJson
  most: number
  hasHealed: boolean
}

export class AccountEvents {
  #before: AccountJson | undefined
  #episode: Episode | undefined

  /** The account as it is now; what happened since the last one. */
  next(account: AccountJson, atS: number): readonly AccountEvent[] {
    const before = this.#before
    this.#before = account
    if (!before) return this.#opened(account, account, atS)
    if (account.expected < before.expected) {
      this.#episode = undefined
      return [{ atS, kind: 'anew' }, ...this.#opened(account, account, atS)]
    }
    return [...added(before, account, atS), ...this.#gap(before, account, atS)]
  }

  #opened(before: AccountJson, { pending }: AccountJson, atS: number): readonly AccountEvent[] {
    if (pending === 0) return []
    this.#episode = { sinceS: atS, before, most: pending, hasHealed: false }
    return [{ atS, kind: 'opened', pending }]
  }

  #gap(before: AccountJson, account: AccountJson, atS: number): readonly AccountEvent[] {
    const episode = this.#episode
    const { pending, late } = account
    if (!episode) {
      // It opened and closed between two looks.
      if (pending === 0 && late > before.late)
        return [
          { atS, kind: 'closed', late: late - before.late, absent: absentOf(account) - absentOf(before), seconds: 0 },
        ]
      return this.#opened(before, account, atS)
    }
    if (pending === 0) {
      this.#episode = undefined
      const absent = absentOf(account) - absentOf(episode.before)
      return [{ atS, kind: 'closed', late: late - episode.before.late, absent, seconds: atS - episode.sinceS }]
    }
    episode.most = Math.max(episode.most, pending)
    if (pending === before.pending) return []
    if (pending > before.pending) return [{ atS, kind: episode.hasHealed ? 'grows' : 'opened', pending }]
    episode.hasHealed = true
    return [{ atS, kind: 'healing', pending, most: episode.most }]
  }
}

const absentOf = ({ never_produced, not_received, lost }: AccountJson): number =>
  never_produced + sumOf(not_received) + sumOf(lost)

function added(before: AccountJson, account: AccountJson, atS: number): AccountEvent[] {
  const one = (kind: 'never produced' | 'conflicts', count: number): AccountEvent[] =>
    count > 0 ? [{ atS, kind, count }] : []
  const each = (kind: 'lost' | 'not received' | 'outside', now: CountsByReason, then: CountsByReason): AccountEvent[] =>
    Object.entries(now).flatMap(([reason, count]) => {
      const more = count - (then[reason] ?? 0)
      return more > 0 ? [{ atS, kind, count: more, reason }] : []
    })
  return [
    ...each('lost', account.lost, before.lost),
    ...each('not received', account.not_received, before.not_received),
    ...one('never produced', account.never_produced - before.never_produced),
    ...each('outside', account.outside, before.outside),
    ...one('conflicts', account.conflicts - before.conflicts),
  ]
}
