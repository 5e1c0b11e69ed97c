import { setTimeout as sleep } from 'node:timers/promises'
import type { AccountTotals } from '../lab/account.ts'
import { monotonicMs } from '../lab/monotonic.ts'
import type { RunResult } from './fault.ts'
import type { Line } from './line.ts'

const accountLimitMs = 20_000

/** The consumer closes its books a little after the last frame: asked until they agree, or it is too late. */
export async function checkAccount(
  line: Line,
  before: AccountTotals | undefined,
  missing: number,
): Promise<Pick<RunResult, 'account' | 'account_agrees'>> {
  const deadline = monotonicMs() + accountLimitMs
  for (;;) {
    const now = await line.account()
    if (!now) return { account: null, account_agrees: null }
    const account = grown(before, now)
    const absent = Object.values(account).reduce((sum, count) => sum + count, 0)
    const agrees = absent === missing && now.difference === 0
    if (agrees || monotonicMs() > deadline) return { account, account_agrees: agrees }
    await sleep(500)
  }
}

/** A consumer that was killed may begin its counters anew. */
function grown(before: AccountTotals | undefined, now: AccountTotals): Record<string, number> {
  const isAnew = before === undefined || now.expected < before.expected
  const changes = Object.entries(now.absent).map(
    ([reason, count]) => [reason, count - (isAnew ? 0 : (before.absent[reason] ?? 0))] as const,
  )
  return Object.fromEntries(changes.filter(([, count]) => count !== 0))
}
