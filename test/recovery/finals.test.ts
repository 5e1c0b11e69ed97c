import { describe, expect, it } from 'vitest'
import { Finals } from '../../src/recovery/finals.ts'
import { Revisions } from '../../src/recovery/revisions.ts'
import { StreamLedger, type StreamState } from '../../src/streams/index.ts'
import { frameWriter, smallPmu } from '../support/stream-frames.ts'

const S = 1_000_000

describe('until when a stream is final', () => {
  it('is where its oldest gap begins, or as far as it is closed', () => {
    const ledger = new StreamLedger()
    const configuration = smallPmu()
    const frameOf = frameWriter(configuration)
    ledger.configuration(configuration)
    expect(ledger.resolvedUs).toBeUndefined()
    const startUs = 1_700_000_000 * S
    const live = (n: number): void => {
      const us = startUs + n * 20_000
      if (ledger.live(frameOf(n), us) === 'fresh') ledger.take()
    }
    for (let n = 0; n < 50; n++) live(n)
    ledger.close(startUs + 10 * S)
    for (let n = 500; n < 550; n++) live(n)
    expect(ledger.resolvedUs).toBe(startUs + 50 * 20_000 - 10_000)
    ledger.absent([{ fromUs: startUs, toUs: startUs + 10 * S, verdict: 'never-produced', reason: '' }])
    expect([ledger.pending, ledger.resolvedUs]).toEqual([0, ledger.closedUs])
    expect(ledger.closedUs).toBeGreaterThan(startUs + 10 * S)
    ledger.close(startUs + 20 * S)
    expect(ledger.resolvedUs).toBe(startUs + 550 * 20_000 - 10_000)
  })

  it('is not beyond what a PDC has completed and nobody has fetched', () => {
    const revisions = new Revisions()
    expect(revisions.oldestUs).toBeUndefined()
    const ranges = [
      { number: 1, from_us: 50, to_us: 60 },
      { number: 2, from_us: 10, to_us: 20 },
    ]
    revisions.heard('n', { stream: 's', ranges })
    expect(revisions.oldestUs).toBe(10)
    revisions.next(() => false)
    revisions.done()
    revisions.next(() => false)
    revisions.done()
    expect(revisions.oldestUs).toBeUndefined()
  })

  it('is what the PDC says that completes it and is furthest behind, of those that are online', () => {
    const journal = { from: '', to: '' }
    const state = (node: string, final: string | null, online = true): StreamState =>
      ({ node, online, journal, pdc: { final } }) as unknown as StreamState
    const us = (iso: string): number => Date.parse(iso) * 1000
    const finals = new Finals()
    finals.heard({ node: 'pmu', online: true, journal } as unknown as StreamState)
    finals.heard({ node: 'no-journal', online: true, journal: null, pdc: { final: null } } as unknown as StreamState)
    expect(finals.latestUs).toBe(Number.POSITIVE_INFINITY)
    finals.heard(state('a', null))
    expect(finals.latestUs).toBe(Number.NEGATIVE_INFINITY)
    finals.heard(state('a', '2026-11-22T12:00:00.000Z'))
    finals.heard(state('b', '2026-11-22T11:00:00.000Z'))
    finals.heard(state('c', null))
    expect(finals.latestUs).toBe(us('2026-11-22T11:00:00Z'))
    finals.heard(state('b', null, false))
    expect(finals.latestUs).toBe(us('2026-11-22T12:00:00Z'))
    finals.heard(state('a', null, false))
    expect(finals.latestUs).toBe(us('2026-11-22T12:00:00Z'))
  })
})
