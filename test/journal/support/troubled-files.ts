import { type JournalFiles, systemFiles } from '../../../src/journal/index.ts'

/** What changes something, by the name of its call. */
export type Changing = 'open' | 'writev' | 'writeSync' | 'sync' | 'truncate' | 'close' | 'unlink' | 'makeFolder'

export interface Trouble {
  /** System error. */
  readonly code: string
  /** What makes and fills files, without it. */
  readonly calls?: readonly Changing[]
  /** Of which paths: those of one stream, say. All without it. */
  readonly of?: (path: string) => boolean
}

/** A disk that can be made to fail, or to keep its writers waiting. */
export interface TroubledFiles extends JournalFiles {
  /** From here on; undefined: it works again. A code alone: of all that makes and fills files. */
  fail(trouble: string | Trouble | undefined): void
  /** The same of syncs alone. */
  failSyncs(code: string | undefined): void
  /** Changes wait until it is called again with `false`. */
  stall(on: boolean): void
  readonly attempts: number
  /** Files that are open. */
  readonly opened: ReadonlyMap<number, string>
  /** Closed twice: it may have been somebody else's by then. */
  readonly closedTwice: readonly number[]
}

const writing: readonly Changing[] = ['open', 'writev', 'writeSync', 'sync', 'makeFolder']

export function troubledFiles(): TroubledFiles {
  let trouble: Trouble | undefined
  let syncCode: string | undefined
  let release = (): void => {}
  let stalled: Promise<void> | undefined
  let attempts = 0
  const opened = new Map<number, string>()
  const closedTwice: number[] = []
  const errorOf = (failure: string): Error =>
    Object.assign(new Error(`${failure}: as the test wants it`), { code: failure })
  const check = (call: Changing, path: string): void => {
    if (!trouble || !(trouble.calls ?? writing).includes(call) || trouble.of?.(path) === false) return
    throw errorOf(trouble.code)
  }
  const gate = async (call: Changing, path: string): Promise<void> => {
    attempts++
    await stalled
    check(call, path)
  }
  const pathOf = (fd: number): string => opened.get(fd) ?? ''
  return {
    ...systemFiles,
    opened,
    closedTwice,
    fail(next) {
      trouble = typeof next === 'string' ? { code: next } : next
    },
    failSyncs(next) {
      syncCode = next
    },
    stall(on) {
      release()
      stalled = on
        ? new Promise((resolve) => {
            release = resolve
          })
        : undefined
    },
    get attempts() {
      return attempts
    },
    async open(path, write) {
      if (write) await gate('open', path)
      const fd = await systemFiles.open(path, write)
      opened.set(fd, path)
      return fd
    },
    async close(fd) {
      const path = pathOf(fd)
      if (!opened.delete(fd)) closedTwice.push(fd)
      await systemFiles.close(fd)
      // As close(2): it may say what went wrong before, and has let go of the file nevertheless.
      check('close', path)
    },
    async writev(fd, parts, position) {
      await gate('writev', pathOf(fd))
      return await systemFiles.writev(fd, parts, position)
    },
    writeSync(fd, bytes, length, position) {
      attempts++
      check('writeSync', pathOf(fd))
      return systemFiles.writeSync(fd, bytes, length, position)
    },
    async sync(fd) {
      await gate('sync', pathOf(fd))
      if (syncCode !== undefined) throw errorOf(syncCode)
      await systemFiles.sync(fd)
    },
    async truncate(fd, length) {
      await stalled
      check('truncate', pathOf(fd))
      await systemFiles.truncate(fd, length)
    },
    async unlink(path) {
      await stalled
      check('unlink', path)
      await systemFiles.unlink(path)
    },
    async makeFolder(path) {
      check('makeFolder', path)
      return await systemFiles.makeFolder(path)
    },
  }
}
