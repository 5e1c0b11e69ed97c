import { monotonicMs } from './clock.ts'
import type { Log } from './service.ts'

const EVERY_MS = 10_000
const LONGEST = 64

/**
 * Warnings that somebody else may cause as often as they like: the first of a kind is
 * said, then one in ten seconds, with how many were not. What others have written is cut.
 */
export class OccasionalLog {
  readonly #log: Log
  readonly #kinds = new Map<string, { untilMs: number; silent: number }>()

  constructor(log: Log) {
    this.#log = log
  }

  /** `message` is one of few, and says the kind. */
  warn(facts: Readonly<Record<string, string | number | undefined>>, message: string): void {
    const nowMs = monotonicMs()
    const before = this.#kinds.get(message)
    if (before && nowMs < before.untilMs) {
      before.silent++
      return
    }
    this.#kinds.set(message, { untilMs: nowMs + EVERY_MS, silent: 0 })
    const cut = Object.entries(facts).map(([name, fact]) => [
      name,
      typeof fact === 'string' ? fact.slice(0, LONGEST) : fact,
    ])
    const others = before?.silent ?? 0
    this.#log.warn({ ...Object.fromEntries(cut), ...(others > 0 && { others }) }, message)
  }
}
