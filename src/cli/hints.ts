/** What to do about an end that a module of its own foresees, by its code. */
const hints: Readonly<Record<string, string>> = {
  JOURNAL_LOCKED: 'it runs already; stop that process, or give this node another `node` or `state` in the grid file',
  LOCK_LOST: 'this process stood still for seconds and was taken for dead; the other one goes on',
  JOURNAL_VERSION: 'run the version that wrote it, or move the folder away: what it has cannot be replayed then',
  HELD_NO_HELD_FILE: 'move that file away: the accounts of this PDC-adapter begin anew then',
  HELD_VERSION: 'run the version that wrote it, or move the file away: the accounts begin anew then',
}

export const hintOf = (code: string): string | undefined => hints[code]
