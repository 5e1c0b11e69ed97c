import { ConfigError, type ConfigFault } from '../config/problem.ts'
import { CodedError } from '../runtime/coded-error.ts'
import { explainSystemError, isSystemError } from '../runtime/system-errors.ts'
import { CliError, type CliFault } from './cli-error.ts'
import { ExitCode } from './exit-codes.ts'
import { hintOf } from './hints.ts'

/** What is said on standard error before the process ends. */
export interface Explanation {
  readonly exitCode: ExitCode
  readonly message: string
  /** What to do about it. */
  readonly hint?: string
  /** Only for what nobody foresaw: it is ours to fix, so it needs the trace. */
  readonly stack?: string
}

const exitCodes: Readonly<Record<CliFault['code'] | ConfigFault['code'], ExitCode>> = {
  CLI_FAILED: ExitCode.failed,
  CLI_USAGE: ExitCode.usage,
  CONFIG_INVALID: ExitCode.usage,
  CONFIG_UNREADABLE: ExitCode.usage,
  CLI_DATA_LOST: ExitCode.dataLost,
}

/** Turns whatever a verb threw into what its user should read. */
export function explain(error: unknown): Explanation {
  if (error instanceof CliError || error instanceof ConfigError) {
    const hint = 'hint' in error.facts ? error.facts.hint : undefined
    return { exitCode: exitCodes[error.code], message: error.sentence, ...(hint !== undefined && { hint }) }
  }
  // What the system says of a port or a file says more than the module that asked for it.
  if (error instanceof CodedError && !isSystemError(error.cause)) {
    const hint = hintOf(error.code)
    return { exitCode: ExitCode.failed, message: error.sentence, ...(hint !== undefined && { hint }) }
  }
  if (error instanceof CodedError) return explain(error.cause)
  if (isSystemError(error)) return { exitCode: ExitCode.failed, ...explainSystemError(error) }
  if (error instanceof AggregateError && error.errors.length > 0) return explain(error.errors[0])
  return {
    exitCode: ExitCode.failed,
    message: 'phasorbus met an error it did not foresee; please report it with these lines',
    stack: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }
}
