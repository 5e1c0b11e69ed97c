/**
 * What faults cost, phasorbus and plain MQTT side by side, on real brokers in
 * network namespaces. Runs accumulate in a folder, so that a long report can be
 * made fault by fault. Linux, as root; needs what `lab/network.ts` and the
 * brokers name.
 */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Fault, FaultCase } from './faults/fault.ts'
import { faults as all } from './faults/faults/index.ts'
import { writeReport } from './faults/report.ts'
import { Results } from './faults/results.ts'
import { runCase } from './faults/run-case.ts'
import { figuresOf, summaryOf } from './faults/summary.ts'
import type { BenchOptions, Figures } from './figures.ts'
import { endOnSignal } from './lab/end-on-signal.ts'

/** Of a fault that takes a minute, a report has at most so many runs. */
const slowRuns = 10
/** Without --runs. */
const fewRuns = 3

export async function faults(options: BenchOptions): Promise<Figures> {
  const asked = chosen(options.names)
  endOnSignal()
  const folder = options.out ?? (await mkdtemp(join(tmpdir(), 'phasorbus-faults-')))
  try {
    return await runAll(asked, folder, options)
  } finally {
    if (options.out === undefined) await rm(folder, { recursive: true })
  }
}

async function runAll(asked: readonly Fault[], folder: string, options: BenchOptions): Promise<Figures> {
  const { quick, note, machine, out } = options
  const results = new Results(folder)
  const commit = await commitHere()
  const figures: Record<string, number> = {}
  for (const fault of asked) {
    const wanted = Math.min(options.runs ?? (quick ? 1 : fewRuns), fault.slow ? slowRuns : Number.POSITIVE_INFINITY)
    for (const one of fault.cases) {
      if (!isAsked(one, options.only)) continue
      const had = results.of(fault).cases[one.name]?.length ?? 0
      let done = had
      await runCase(one, {
        runs: wanted - had,
        quick,
        ...(out !== undefined && {
          onEvidence: (evidence: string) =>
            writeFileSync(
              join(out, `${fault.name} ${one.name} ${done + 1}.evidence`.replaceAll(/[ ,]+/g, '-')),
              evidence,
            ),
        }),
        onResult(result) {
          results.add(fault, one.name, { ...result, machine, ...(commit !== undefined && { commit }) })
          if (out !== undefined) writeReport(folder, all, results)
          const { published, lost, duplicated, differing, not_received, in_socket, recovery_ms, account_agrees } =
            result
          note(
            `${fault.name}, ${one.name}: run ${++done} of ${wanted}: ${lost} lost, ${duplicated + differing} doubled of ${published}` +
              `${not_received > 0 ? `, ${not_received} with no adapter alive` : ''}${in_socket > 0 ? `, ${in_socket} in the socket` : ''}` +
              `, recovery ${recovery_ms?.toFixed(0) ?? 'none'} ms${account_agrees === null ? '' : `, accounts ${account_agrees ? 'agree' : `DIFFER ${JSON.stringify(result.account)}`}`}`,
          )
        },
      })
      const runs = results.of(fault).cases[one.name] ?? []
      if (runs.length > 0) Object.assign(figures, figuresOf(fault.name, one.name, summaryOf(runs)))
    }
  }
  // Of all that the folder has, where nothing was missing, too.
  if (out !== undefined) writeReport(folder, all, results)
  return figures
}

/** `undefined` where this is no clone. */
async function commitHere(): Promise<string | undefined> {
  try {
    const git = await promisify(execFile)('git', ['describe', '--always', '--dirty'], { cwd: import.meta.dirname })
    return git.stdout.trim()
  } catch {
    return undefined
  }
}

const isAsked = ({ name }: FaultCase, only: string | undefined): boolean => only === undefined || name.includes(only)

function chosen(names: readonly string[]): readonly Fault[] {
  const unknown = names.filter((name) => !all.some((fault) => fault.name === name))
  if (unknown.length > 0) {
    throw new Error(`no fault ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`)
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name))
}
