import { describe, expect, it } from 'vitest'
import { AccountReport } from '../../src/recovery/index.ts'
import { type Account, parseConsumers } from '../../src/streams/index.ts'

const account = (live: number, pending = 0): Account => ({
  expected: live + pending,
  live,
  late: 0,
  neverProduced: 0,
  notReceived: {},
  lost: {},
  pending,
  outside: {},
  duplicates: 0,
  conflicts: 0,
})

function reportOf(accounts: Map<string, Account>) {
  const told: unknown[] = []
  const report: AccountReport = new AccountReport({
    accounts: () => [['pdc-1', accounts]],
    announce: () => told.push(report.latest),
    everyMs: 5000,
  })
  return { report, told }
}

describe('the accounts in a node’s state', () => {
  it('are told when they changed, and not again for a while', () => {
    const accounts = new Map([['a/b/c/PMU/1', account(1)]])
    const { report, told } = reportOf(accounts)
    report.tick(0)
    accounts.set('a/b/c/PMU/1', account(2))
    report.tick(4999)
    expect(told).toHaveLength(1)
    report.tick(5000)
    report.tick(20_000)
    expect(told).toEqual([
      { 'pdc-1': { 'a/b/c/PMU/1': expect.objectContaining({ expected: 1, live: 1 }) } },
      { 'pdc-1': { 'a/b/c/PMU/1': expect.objectContaining({ expected: 2, live: 2, never_produced: 0 }) } },
    ])
  })

  it('are those of the streams that lack most, where there are too many', () => {
    const streams = Array.from({ length: 2000 }, (_, index) => [`a/b/c/PMU/${index}`, account(1, index)] as const)
    const { report } = reportOf(new Map(streams))
    report.tick(0)
    const text = JSON.stringify(report.latest)
    expect(text.length).toBeLessThan(50 * 1024)
    expect(text.length).toBeGreaterThan(40 * 1024)
    expect(report.latest['pdc-1']?.['a/b/c/PMU/1999']?.pending).toBe(1999)
    expect(report.latest['pdc-1']?.['a/b/c/PMU/1']).toBeUndefined()
    expect(parseConsumers(JSON.parse(text))).toEqual(report.latest)
  })
})
