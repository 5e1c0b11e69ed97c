/** What a journal asks of the file system: few calls, so that a test can let each of them fail. */
import * as fs from 'node:fs'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'

export interface FileFacts {
  readonly bytes: number
  /** Of the last change, µs since the UNIX epoch. */
  readonly changedUs: number
}

export interface FolderEntry {
  readonly name: string
  readonly folder: boolean
}

/** Every call rejects with the system's error, `ENOENT` too. Writes may be short. */
export interface JournalFiles {
  /** For reading and writing where `write`; made where it is missing. */
  open(path: string, write: boolean): Promise<number>
  close(fd: number): Promise<void>
  /** Number of bytes written. */
  writev(fd: number, parts: readonly Uint8Array[], position: number): Promise<number>
  writeSync(fd: number, bytes: Uint8Array, length: number, position: number): number
  /** Number of bytes read; 0 at the end. */
  read(fd: number, target: Uint8Array, position: number): Promise<number>
  sync(fd: number): Promise<void>
  truncate(fd: number, length: number): Promise<void>
  unlink(path: string): Promise<void>
  removeFolder(path: string): Promise<void>
  /** With those above it; false: it was there. */
  makeFolder(path: string): Promise<boolean>
  list(path: string): Promise<FolderEntry[]>
  facts(path: string): Promise<FileFacts>
  readWhole(path: string): Promise<Uint8Array>
}

export const systemFiles: JournalFiles = {
  open: (path, write) =>
    call((done) => fs.open(path, write ? fs.constants.O_RDWR | fs.constants.O_CREAT : fs.constants.O_RDONLY, done)),
  close: (fd) => call((done) => fs.close(fd, done)),
  writev: (fd, parts, position) =>
    call((done) => fs.writev(fd, parts as Uint8Array[], position, (error, written) => done(error, written))),
  writeSync: (fd, bytes, length, position) => fs.writeSync(fd, bytes, 0, length, position),
  read: (fd, target, position) =>
    call((done) => fs.read(fd, target, 0, target.length, position, (error, bytes) => done(error, bytes))),
  sync: (fd) => call((done) => fs.fdatasync(fd, done)),
  truncate: (fd, length) => call((done) => fs.ftruncate(fd, length, done)),
  unlink: (path) => call((done) => fs.unlink(path, done)),
  removeFolder: (path) => call((done) => fs.rmdir(path, done)),
  makeFolder: async (path) => (await mkdir(path, { recursive: true })) !== undefined,
  list: async (path) =>
    (await readdir(path, { withFileTypes: true })).map((entry) => ({ name: entry.name, folder: entry.isDirectory() })),
  async facts(path) {
    const { size, mtimeMs } = await stat(path)
    return { bytes: size, changedUs: Math.round(mtimeMs * 1000) }
  },
  readWhole: (path) => readFile(path),
}

/** Callbacks cost less than file handles, and a journal makes some thousand calls a second. */
function call<T>(start: (done: (error: Error | null, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error ? reject(error) : resolve(value as T)))
  })
}

/** Writes all of it, however many calls it takes. */
export async function writeAll(files: JournalFiles, fd: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await files.writev(fd, [done === 0 ? bytes : bytes.subarray(done)], position + done)
    if (written === 0) throw Object.assign(new Error('ENOSPC: nothing was written'), { code: 'ENOSPC' })
    done += written
  }
}

/** The bytes of [from, to), or fewer where the file ends before. */
export async function readRange(files: JournalFiles, fd: number, from: number, to: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, to - from))
  let have = 0
  while (have < bytes.length) {
    const read = await files.read(fd, have === 0 ? bytes : bytes.subarray(have), from + have)
    if (read === 0) break
    have += read
  }
  return bytes.subarray(0, have)
}

/** What names a file is on the disk too: a file that was made is not, before its folder is. */
export async function syncFolder(files: JournalFiles, path: string): Promise<void> {
  const fd = await files.open(path, false)
  try {
    await files.sync(fd)
  } finally {
    await files.close(fd)
  }
}
