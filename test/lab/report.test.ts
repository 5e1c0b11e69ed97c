import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Fault, RunResult } from '../../bench/faults/fault.ts'
import { writeReport } from '../../bench/faults/report.ts'
import { Results } from '../../bench/faults/results.ts'
import { seriesOf } from '../../bench/faults/series.ts'
import { figuresOf, summaryOf } from '../../bench/faults/summary.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phasorbus-report-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const clean: RunResult = {
  at: '2026-11-28T12:00:00.000Z',
  machine: 'a machine',
  commit: 'abc1234',
  published: 1000,
  lost: 0,
  not_received: 0,
  in_socket: 0,
  duplicated: 0,
  differing: 0,
  recovery_ms: 10,
  outage_ms: 500,
  healed_ms: 200,
  steady_p99_ms: 2,
  healing_p99_ms: 3,
  p50_ms: 1,
  p99_ms: 2,
  account: {},
  account_agrees: true,
}
const bad: RunResult = { ...clean, lost: 3, duplicated: 1, differing: 1, recovery_ms: 30, account_agrees: false }
const line = { kind: 'phasorbus', brokers: { kind: 'mosquitto' }, streams: 1, qos: 1 } as const
const strike = () => Promise.reject(new Error('not here'))
const fault: Fault = { name: 'some-fault', what: 'Something breaks.', cases: [{ name: 'phasorbus', line, strike }] }

const page = (): string => readFileSync(join(folder, 'faults.md'), 'utf8')
const rowOf = (name: string): string[] =>
  page()
    .split('\n')
    .find((text) => text.startsWith(`| ${name} `))!
    .split('|')
    .map((cell) => cell.trim())

describe('runs of a fault', () => {
  it('add up to figures that are named by fault and case', () => {
    const figures = figuresOf('some-fault', 'phasorbus, QoS 1', summaryOf([clean, bad]))
    expect(figures).toMatchObject({
      some_fault_phasorbus_qos_1_runs: 2,
      some_fault_phasorbus_qos_1_lost: 3,
      some_fault_phasorbus_qos_1_duplicated: 1,
      some_fault_phasorbus_qos_1_recovery_ms: 20,
      some_fault_phasorbus_qos_1_recovery_ms_min: 10,
      some_fault_phasorbus_qos_1_recovery_ms_max: 30,
      some_fault_phasorbus_qos_1_accounts_agree: 1,
    })
  })

  it('are kept from one report to the next, and one that is bad is shown', () => {
    new Results(folder).add(fault, 'phasorbus', clean)
    const results = new Results(folder)
    results.add(fault, 'phasorbus', { ...bad, machine: 'another one' })
    writeReport(folder, [fault], results)
    expect(rowOf('phasorbus').slice(1, -1)).toEqual([
      'phasorbus',
      '2',
      '2,000',
      '3 in 1 runs',
      '2',
      '20 (10–30)',
      '500 (500–500)',
      '200 (200–200)',
      '1 of 2',
    ])
    expect(page()).toContain('faults some-fault --runs 2')
    expect(page()).toContain('On a machine; and another one. By abc1234.')
  })

  it('say so where nothing was lost', () => {
    const results = new Results(folder)
    results.add(fault, 'phasorbus', clean)
    writeReport(folder, [fault], results)
    expect(rowOf('phasorbus').slice(4, 6)).toEqual(['**0**', '**0**'])
  })

  it('are drawn from the moment of reconnection, every run of them', () => {
    const frames = [9_900, 10_050, 10_150].map((writtenAtMs) => ({
      stream: '1',
      writtenAtMs,
      readAtMs: Math.max(10_000, writtenAtMs) + 100,
    }))
    const series = seriesOf(frames, 10_000)
    const at = (ms: number): number => (ms - series.fromMs) / series.binMs
    // The first one read is the origin; it was written before, and its lateness is no live frame's.
    expect(series.rate[at(0)]).toBe((2 * 1000) / series.binMs)
    expect(series.live_ms[at(0)]).toBe(100)
    expect(series.rate.reduce((sum, rate) => sum + (rate * series.binMs) / 1000, 0)).toBe(3)

    const results = new Results(folder)
    for (const run of [clean, bad]) results.add(fault, 'phasorbus', { ...run, series })
    writeReport(folder, [fault], results)
    expect(results.of(fault).cases.phasorbus!.filter((run) => run.series)).toHaveLength(2)
    for (const name of ['some-fault-rate.svg', 'some-fault-live.svg']) {
      expect(readdirSync(folder)).toContain(name)
      expect(readFileSync(join(folder, name), 'utf8')).not.toContain('d=""')
    }
  })
})
