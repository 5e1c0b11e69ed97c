import { dirname, join } from 'node:path'
import { inject, onTestFailed } from 'vitest'
import type { FaultCase, RunResult } from '../../../bench/faults/fault.ts'
import { runCase } from '../../../bench/faults/run-case.ts'

/** The figures of a run in which nothing went wrong at all. */
export const nothing = { lost: 0, not_received: 0, in_socket: 0, duplicated: 0, differing: 0, account_agrees: true }

export function caseOf({ cases }: { readonly cases: readonly FaultCase[] }, name: string): FaultCase {
  const found = cases.find((one) => one.name === name)
  if (!found) throw new Error(`no case ${name} among ${cases.map((one) => one.name).join(', ')}`)
  return found
}

/** Once, shortened, with ten streams. If the test fails, what a run that went wrong leaves is shown. */
export async function oneRun(one: FaultCase): Promise<RunResult> {
  const built = join(dirname(inject('cliMain')), '../..')
  const results: RunResult[] = []
  const line = { ...one.line, streams: 10 }
  await runCase(
    { ...one, line },
    {
      runs: 1,
      quick: true,
      built,
      onResult: (result) => results.push(result),
      onEvidence: (text) => onTestFailed(() => void process.stderr.write(`${text.slice(0, 20_000)}\n`)),
    },
  )
  return results[0]!
}
