import type { Log } from '../../src/runtime/service.ts'

export interface LogLine {
  readonly level: string
  readonly message: string
  /** What to do. */
  readonly hint?: string
}

/** A log, and what was written to it. */
export function recordedLog(): { readonly lines: readonly LogLine[]; readonly log: Log } {
  const lines: LogLine[] = []
  const at =
    (level: string) =>
    ({ hint }: { readonly hint?: string }, message: string): void =>
      void lines.push({ level, message, ...(hint !== undefined && { hint }) })
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
}
