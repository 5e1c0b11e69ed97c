import { errnoOf } from '../runtime/errno.ts'
import type { Log } from '../runtime/service.ts'
import type { JournalCounters } from './journal-counters.ts'

/** What may fail apart from the other. */
type Work = 'log' | 'segments'

/** Stands from the first failure until all works again: a gauge, and one line of the log at either end. */
export class DiskAlarm {
  readonly #folder: string
  readonly #counters: JournalCounters
  readonly #log: Log
  readonly #failing = new Set<Work>()
  /** Of the disk: `ENOSPC`, say. */
  lastError = ''

  constructor(folder: string, counters: JournalCounters, log: Log) {
    this.#folder = folder
    this.#counters = counters
    this.#log = log
  }

  get stands(): boolean {
    return this.#failing.size > 0
  }

  failed(work: Work, error: unknown): void {
    this.#counters.failures.add()
    this.lastError = errnoOf(error)
    if (!this.stands) {
      this.#counters.failing.set(1)
      this.#log.error(
        { folder: this.#folder, error },
        'the journal cannot be written; live data go on, what comes is in memory as long as there is room',
      )
    }
    this.#failing.add(work)
  }

  worked(work: Work): void {
    if (!this.#failing.delete(work) || this.stands) return
    this.#counters.failing.set(0)
    this.#log.info({ folder: this.#folder }, 'the journal is written again')
  }
}
