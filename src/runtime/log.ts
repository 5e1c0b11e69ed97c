import { pino } from 'pino'
import type { Log } from './service.ts'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** JSON lines on stderr (stdout belongs to results). Errors keep their facts. */
export function createLog(level: LogLevel, base: Readonly<Record<string, string>> = {}): Log {
  return pino(
    {
      level,
      base,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}

/** For tests and for callers that count instead of reading. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const facts = 'facts' in error ? (error.facts as object) : 'code' in error ? { code: error.code } : {}
  return { name: error.name, message: error.message, ...facts }
}
