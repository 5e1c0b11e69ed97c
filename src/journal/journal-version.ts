import { join } from 'node:path'
import { isMissing } from '../runtime/errno.ts'
import { JournalError } from './journal-error.ts'
import { JOURNAL_VERSION } from './journal-event.ts'
import { type JournalFiles, syncFolder, writeAll } from './journal-files.ts'
import { VERSION_FILE } from './paths.ts'

interface Version {
  readonly journal: number
  /** Of this journal: its cursors say nothing in another. */
  readonly id: string
}

/**
 * The journal's id; refuses what another version wrote. Undefined where there is
 * none, and `'unreadable'` where it was torn while it was written, or damaged since.
 */
export async function readVersion(
  folder: string,
  files: JournalFiles,
): Promise<{ readonly id: string } | 'unreadable' | undefined> {
  let text: string
  try {
    text = Buffer.from(await files.readWhole(join(folder, VERSION_FILE))).toString()
  } catch (error) {
    if (!isMissing(error)) throw error
    return undefined
  }
  const version = parse(text)
  if (version.journal !== undefined && version.journal !== JOURNAL_VERSION) {
    const found = String(version.journal)
    throw new JournalError(
      { code: 'JOURNAL_VERSION', folder, found, known: JOURNAL_VERSION },
      `${folder} is a journal of version ${found}; this program knows version ${JOURNAL_VERSION}`,
    )
  }
  return version.journal === undefined || version.id === undefined ? 'unreadable' : { id: version.id }
}

export async function writeVersion(folder: string, files: JournalFiles, id: string): Promise<void> {
  const fd = await files.open(join(folder, VERSION_FILE), true)
  try {
    await files.truncate(fd, 0)
    await writeAll(files, fd, Buffer.from(`${JSON.stringify({ journal: JOURNAL_VERSION, id } satisfies Version)}\n`), 0)
    await files.sync(fd)
  } finally {
    await files.close(fd)
  }
  await syncFolder(files, folder)
}

/** What can be believed of it: of another version no more than its number. */
function parse(text: string): Partial<Version> {
  try {
    const { journal, id } = JSON.parse(text) as Partial<Version>
    return { ...(typeof journal === 'number' && { journal }), ...(typeof id === 'string' && { id }) }
  } catch {
    return {}
  }
}
