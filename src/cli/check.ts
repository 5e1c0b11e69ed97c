import { Command } from 'commander'
import type { Grid } from '../config/grid.ts'
import { gridJsonSchema } from '../config/json-schema.ts'
import { inspectGrid } from '../config/load-grid.ts'
import { formatProblem, type Problem } from '../config/problem.ts'
import { usageError } from './cli-error.ts'
import { ExitCode } from './exit-codes.ts'
import { knownPmus } from './grid/known-pmus.ts'
import { readGridArgument } from './grid-argument.ts'
import { writeJson } from './output.ts'

const examples = `
Every problem is printed at once, as FILE:LINE:COLUMN, with what to do about it.
Beyond spelling and types it finds: IDCODEs that collide on a port, names and
ports used twice, streams that nobody produces, files that are not there.

Examples:
  phasorbus check grid.yaml
  phasorbus check --json grid.yaml | jq '.problems[]'
  generate-grid | phasorbus check -                      # read standard input
  phasorbus check --schema > grid.schema.json            # for editors

VS Code completes and checks a grid.yaml whose first line is
  # yaml-language-server: $schema=./grid.schema.json

Exit codes: 0 fine (warnings may stand), 2 mistakes.`

export function checkCommand(): Command {
  return new Command('check')
    .summary('check a grid.yaml: every problem at once, by line')
    .description('Check a grid file and all it includes. Nothing is started.')
    .argument('[GRID.yaml]', 'the grid file; - is standard input')
    .option('--json', 'print one object: { ok, problems, sites, pmus, pdcs, pdc_adapters }')
    .option('--schema', 'print the JSON Schema of grid files and end')
    .addHelpText('after', examples)
    .action(check)
}

async function check(file: string | undefined, options: { json?: true; schema?: true }): Promise<void> {
  if (options.schema) return writeJson(gridJsonSchema())
  if (file === undefined) throw usageError('which file?', 'phasorbus check GRID.yaml')

  const { name, text } = await readGridArgument(file)
  const { grid, problems } = await inspectGrid(name, { knownPmus: knownPmus(), ...(text !== undefined && { text }) })
  const ok = problems.every(({ severity }) => severity === 'warning')
  if (options.json) writeJson({ ok, problems, ...counts(grid) })
  else process.stdout.write(report(name, grid, problems))
  if (!ok) process.exitCode = ExitCode.usage
}

function counts(grid: Grid | undefined): { sites: number; pmus: number; pdcs: number; pdc_adapters: number } {
  const sites = grid?.sites ?? []
  return {
    sites: sites.length,
    pmus: sites.reduce((sum, { pmus }) => sum + pmus.length, 0),
    pdcs: sites.reduce((sum, { pdcs }) => sum + pdcs.length, 0),
    pdc_adapters: sites.reduce((sum, { pdcAdapters }) => sum + pdcAdapters.length, 0),
  }
}

function report(file: string, grid: Grid | undefined, problems: readonly Problem[]): string {
  const lines = problems.map(formatProblem)
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const warnings = problems.length - errors
  const tally = [count(errors, 'error'), count(warnings, 'warning')].filter(Boolean).join(', ')
  if (errors > 0) return `${[...lines, tally].join('\n')}\n`
  const { sites, pmus, pdcs, pdc_adapters } = counts(grid)
  const content = [count(sites, 'site'), count(pmus, 'PMU'), count(pdcs, 'PDC'), count(pdc_adapters, 'PDC-adapter')]
    .filter(Boolean)
    .join(', ')
  return `${[...lines, `${file}: good; ${content}${tally && ` (${tally})`}`].join('\n')}\n`
}

function count(number: number, thing: string): string {
  return number === 0 ? '' : `${number} ${thing}${number === 1 ? '' : 's'}`
}
