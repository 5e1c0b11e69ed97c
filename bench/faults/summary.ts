import { median } from '../support/quantiles.ts'
import { accountedLost } from './evidence.ts'
import type { RunResult } from './fault.ts'

/** Some runs of one case, together. */
export interface Summary {
  readonly runs: number
  readonly published: number
  readonly lost: number
  /** Runs in which at least one was. */
  readonly runs_with_loss: number
  readonly not_received: number
  readonly in_socket: number
  readonly duplicated: number
  readonly differing: number
  /** Runs in which live frames did not come back in time. */
  readonly not_recovered: number
  readonly recovery_ms: readonly number[]
  readonly outage_ms: readonly number[]
  readonly healed_ms: readonly number[]
  /** Of the runs whose consumer keeps accounts; undefined where none does. */
  readonly accounts_agree: number | undefined
  /** By those accounts. */
  readonly accounted_lost: number
}

export function summaryOf(runs: readonly RunResult[]): Summary {
  const sum = (of: (run: RunResult) => number): number => runs.reduce((total, run) => total + of(run), 0)
  const known = (of: (run: RunResult) => number | null): number[] =>
    runs.flatMap((run) => {
      const value = of(run)
      return value === null ? [] : [value]
    })
  const accounts = runs.filter(({ account_agrees }) => account_agrees !== null)
  return {
    runs: runs.length,
    published: sum((run) => run.published),
    lost: sum((run) => run.lost),
    runs_with_loss: runs.filter((run) => run.lost > 0).length,
    not_received: sum((run) => run.not_received),
    in_socket: sum((run) => run.in_socket),
    duplicated: sum((run) => run.duplicated),
    differing: sum((run) => run.differing),
    not_recovered: runs.filter((run) => run.recovery_ms === null).length,
    recovery_ms: known((run) => run.recovery_ms),
    outage_ms: known((run) => run.outage_ms),
    healed_ms: known((run) => run.healed_ms),
    accounted_lost: sum((run) => accountedLost(run.account)),
    accounts_agree: accounts.length > 0 ? accounts.filter((run) => run.account_agrees).length : undefined,
  }
}

/** For `--json`: `broker_killed_phasorbus_lost` and the like. */
export function figuresOf(fault: string, caseName: string, summary: Summary): Record<string, number> {
  const name = `${fault} ${caseName}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replace(/_$/, '')
  const { runs, lost, not_received, in_socket, duplicated, differing, accounts_agree } = summary
  const figures: Record<string, number> = { runs, lost, not_received, in_socket, duplicated, differing }
  if (accounts_agree !== undefined) Object.assign(figures, { accounts_agree, accounted_lost: summary.accounted_lost })
  for (const key of ['recovery_ms', 'outage_ms', 'healed_ms'] as const) {
    if (summary[key].length === 0) continue
    figures[key] = median(summary[key])
    figures[`${key}_min`] = Math.min(...summary[key])
    figures[`${key}_max`] = Math.max(...summary[key])
  }
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [`${name}_${key}`, value]))
}
