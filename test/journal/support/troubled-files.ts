import { type JournalFiles, systemFiles } from '../../../src/journal/index.ts'

/** A disk that can be made to fail, or to keep its writers waiting. */
export interface TroubledFiles extends JournalFiles {
  /** System error of every change from here on; undefined: it works again. */
  fail(code: string | undefined): void
  /** The same of syncs alone. */
  failSyncs(code: string | undefined): void
  /** Changes wait until it is called again with `false`. */
  stall(on: boolean): void
  readonly attempts: number
}

export function troubledFiles(): TroubledFiles {
  let code: string | undefined
  let syncCode: string | undefined
  let release = (): void => {}
  let stalled: Promise<void> | undefined
  let attempts = 0
  const errorOf = (failure: string): Error =>
    Object.assign(new Error(`${failure}: as the test wants it`), { code: failure })
  const gate = async (): Promise<void> => {
    attempts++
    await stalled
    if (code !== undefined) throw errorOf(code)
  }
  return {
    ...systemFiles,
    fail(next) {
      code = next
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
      if (write) await gate()
      return await systemFiles.open(path, write)
    },
    async writev(fd, parts, position) {
      await gate()
      return await systemFiles.writev(fd, parts, position)
    },
    writeSync(fd, bytes, length, position) {
      attempts++
      if (code !== undefined) throw errorOf(code)
      return systemFiles.writeSync(fd, bytes, length, position)
    },
    async sync(fd) {
      await gate()
      if (syncCode !== undefined) throw errorOf(syncCode)
      await systemFiles.sync(fd)
    },
    async makeFolder(path) {
      if (code !== undefined) throw errorOf(code)
      return await systemFiles.makeFolder(path)
    },
  }
}
