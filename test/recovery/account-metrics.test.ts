import { expect, it } from 'vitest'
import { AccountMetrics } from '../../src/recovery/index.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { type Account, accountedFor } from '../../src/streams/index.ts'
import { metricSum } from '../support/metric-sum.ts'

const account: Account = {
  expected: 100,
  live: 80,
  late: 5,
  neverProduced: 3,
  notReceived: { silent: 2, 'adapter-down': 4 },
  lost: { expired: 1 },
  pending: 5,
  outside: { stale: 7 },
  duplicates: 11,
  conflicts: 13,
}

it('the sums of the metrics are those of the account, also when later news moves a slot', async () => {
  const metrics = createMetrics()
  const told = new AccountMetrics(metrics, 'pdc', 'a/b/c/PMU/1')
  const { expired: _, ...lost } = account.lost
  for (const next of [account, { ...account, late: 6, lost }]) {
    expect(accountedFor(next)).toBe(next.expected)
    told.update(next)
    const sum = (name: string) => metricSum(metrics, `phasorbus_account_${name}`)
    expect((await sum('frames')) + (await sum('absent')) + (await sum('pending'))).toBe(100)
    expect(await sum('expected')).toBe(100)
    expect([await sum('outside_total'), await sum('duplicates_total'), await sum('conflicts_total')]).toEqual([
      7, 11, 13,
    ])
    expect(await metrics.expose()).toContain(
      'phasorbus_account_absent{consumer="pdc",stream="a/b/c/PMU/1",as="not-received",reason="silent"} 2',
    )
  }
  metrics.forget({ stream: 'a/b/c/PMU/1' })
  expect(await metricSum(metrics, 'phasorbus_account_expected')).toBe(0)
})
