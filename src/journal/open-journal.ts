import { setMaxListeners } from 'node:events'
import type { JournalConfig } from '../config/journal.ts'
import { errnoOf } from '../runtime/errno.ts'
import type { Journal } from './journal.ts'
import { JournalError } from './journal-error.ts'
import { type JournalFiles, systemFiles } from './journal-files.ts'
import { KeptJournal, type KeptJournalDeps } from './kept-journal.ts'

export interface JournalDeps extends Omit<KeptJournalDeps, 'files'> {
  /** The file system; tests let it fail. */
  readonly files?: JournalFiles
}

/**
 * Opens a journal for writing, or begins one; what an earlier run left is
 * finished first. Rejects if another process keeps it, or another version wrote
 * it. A disk that is full or read-only is no reason: the alarm stands, and
 * journaling begins when it can.
 */
export async function openJournal(config: JournalConfig, deps: JournalDeps): Promise<Journal> {
  setMaxListeners(0, deps.signal)
  const files = deps.files ?? systemFiles
  try {
    const journal = new KeptJournal(config, { ...deps, files })
    await journal.begun.catch(async (error: unknown) => {
      await journal.done
      throw error
    })
    return journal
  } catch (error) {
    const cause = errnoOf(error)
    if (error instanceof JournalError || cause === 'UNKNOWN') throw error
    throw new JournalError(
      { code: 'JOURNAL_UNUSABLE', folder: config.folder, cause },
      `${config.folder} cannot be used as a journal: ${error instanceof Error ? error.message : cause}`,
      { cause: error },
    )
  }
}
