import { setTimeout as sleep } from 'node:timers/promises'
import type { AccountTotals } from '../lab/account.ts'
import { monotonicMs } from '../lab/monotonic.ts'
import type { MissingFrame } from '../lab/witness.ts'
import type { RunResult } from './fault.ts'
import type { Line } from './line.ts'
import type { Window } from './window.ts'

export interface Settled extends Pick<RunResult, 'account' | 'account_agrees'> {
  /** Of the window, for good. */
  readonly missing: readonly MissingFrame[]
}

export interface SettleOptions {
  /** Nothing more comes once nothing has come for so long; of lines without accounts. */
  readonly quietMs?: number | undefined
  /** Takes away a cause that lasts, if not all has come by then. */
  readonly relieve?: (() => Promise<void>) | undefined
  /** How many of these were in the socket to a PDC whose adapter was killed: no account can know of them. */
  inSocket(missing: readonly MissingFrame[]): number
}

const lookMs = 400
/** A broker pushes what it has: when nothing came for so long, nothing more will. */
const plainQuietMs = 4_000
/** A consumer that heals may wait before it asks again, a minute where a cluster lost what it subscribed; its accounts say when it is done. */
const healingQuietMs = 130_000
const limitMs = 400_000
/** A cause that lasts is taken away after so long. */
const reliefMs = 120_000

/**
 * Until everything has come, or every frame that has not is accounted for by the
 * consumer itself; without accounts, until nothing comes any more.
 */
export async function settle(
  line: Line,
  window: Window,
  before: AccountTotals | undefined,
  { quietMs = plainQuietMs, relieve, inSocket }: SettleOptions,
): Promise<Settled> {
  let sinceMs = monotonicMs()
  // Who has no accounts waits for nothing.
  let lasts = before && relieve
  for (;;) {
    await line.until(() => true, 0)
    const missing = window.missing()
    const unknowable = inSocket(missing)
    const account = await compare(line, before, missing.length - unknowable)
    const nowMs = monotonicMs()
    const quiet = nowMs - Math.max(window.lastReadMs, sinceMs)
    // What seems to have been in a socket may still be on its way.
    const isDone = (account.account_agrees ?? missing.length === 0) && (unknowable === 0 || quiet > plainQuietMs)
    const isOver = quiet > (account.account ? healingQuietMs : quietMs) || nowMs - sinceMs > limitMs
    if (isDone || (isOver && !lasts)) return { missing, ...account }
    if (lasts && nowMs - sinceMs > reliefMs) {
      await lasts()
      lasts = undefined
      sinceMs = monotonicMs()
    }
    await sleep(lookMs)
  }
}

/** Of accounts that were open at `before`: what they say was absent since. */
async function compare(
  line: Line,
  before: AccountTotals | undefined,
  missing: number,
): Promise<Pick<RunResult, 'account' | 'account_agrees'>> {
  const now = await line.account()
  if (!now) return { account: null, account_agrees: null }
  const account = grown(before, now)
  const absent = Object.values(account).reduce((sum, count) => sum + count, 0)
  return { account, account_agrees: absent === missing && now.difference === 0 }
}

/** A consumer that was killed may begin its counters anew. */
function grown(before: AccountTotals | undefined, now: AccountTotals): Record<string, number> {
  const isAnew = before === undefined || now.expected < before.expected
  const changes = Object.entries(now.absent).map(
    ([reason, count]) => [reason, count - (isAnew ? 0 : (before.absent[reason] ?? 0))] as const,
  )
  return Object.fromEntries(changes.filter(([, count]) => count !== 0))
}
