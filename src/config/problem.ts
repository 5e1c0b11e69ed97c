import { CodedError } from '../runtime/coded-error.ts'

/** A place in a file; line and column count from 1, as editors do. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** One thing that is wrong, where, and what to do. */
export interface Problem extends Position {
  /** An error keeps the grid from being run; a warning is said and no more. */
  readonly severity: 'error' | 'warning'
  /** Where in the structure, such as `sites[0].pmus[2].idcode`. */
  readonly path: string
  readonly message: string
  readonly fix?: string
}

export type ConfigFault =
  | { readonly code: 'CONFIG_INVALID'; readonly problems: readonly Problem[] }
  | { readonly code: 'CONFIG_UNREADABLE'; readonly file: string }

/** A grid file that cannot be used. Its problems are all there are, not the first. */
export class ConfigError extends CodedError<ConfigFault> {}

export function invalid(problems: readonly Problem[]): ConfigError {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const count = errors === 1 ? 'one mistake' : `${errors} mistakes`
  return new ConfigError(
    { code: 'CONFIG_INVALID', problems },
    `${count} in the configuration\n${problems.map(formatProblem).join('\n')}`,
  )
}

/** As compilers print it, so that editors and terminals make the place clickable. */
export function formatProblem({ file, line, column, severity, message, fix }: Problem): string {
  return `${file}:${line}:${column}: ${severity}: ${message}${fix === undefined ? '' : `; ${fix}`}`
}

/** In reading order: by file as first met, then by line. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))]
  return problems.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  )
}

export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text && '.'}${String(part)}`),
    '',
  )
}
