/**
 * One process has a folder. The lock is a file that names its process, so that
 * one that was killed does not lock out the next; its time of change says when
 * that process was alive last.
 */
import { link, readdir, readFile, readlink, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CodedError } from './coded-error.ts'
import { errnoOf, isMissing } from './errno.ts'

/** The holder touches its lock so often. */
export const LOCK_BEAT_MS = 1_000
const BEATS_AWAITED = 3

/** Another process has it, and lives. */
export type LockFault = { readonly code: 'LOCK_HELD'; readonly folder: string; readonly pid: number }

export class LockError extends CodedError<LockFault> {}

export interface LockOptions {
  /** Of the lock in its folder, a word: `NAME-1.lock`. */
  readonly name: string
  /** What whoever takes it over shall know of this process, as JSON. */
  readonly said?: object
  /** Nobody else can live who has it: the folder lies in one that is locked. */
  readonly isAlone?: boolean
}

interface Holder {
  readonly pid: number
  /** When the process began, as the kernel counts; a number used again does not fool us. */
  readonly began: string
  /** Of the machine's run, and of the container: a pid means nothing in another. */
  readonly boot: string
  readonly pids: string
  readonly said: unknown
}

export interface ProcessLock {
  /** Of the process before, if it did not let go: it was killed, or the power went. What it said may be anything. */
  readonly left: { readonly said: unknown; readonly aliveUs: number; readonly sameBoot: boolean } | undefined
  /** To be called every {@link LOCK_BEAT_MS}. Rejects with the system's error. */
  beat(): Promise<void>
  release(): Promise<void>
}

/**
 * Locks are numbered, and the highest counts: whoever finds its holder dead
 * makes the next, which only one can. So nobody ever removes a lock that
 * another may just have taken. Rejects with a {@link LockError}, or with the
 * system's error where the folder does not take a file.
 */
export async function takeProcessLock(folder: string, options: LockOptions): Promise<ProcessLock> {
  const { name, said, isAlone = false } = options
  const own: Holder = { ...(await describe(process.pid)), said }
  const draft = join(folder, `${name}.lock-${process.pid}-${performance.now()}`)
  await writeFile(draft, `${JSON.stringify(own)}\n`)
  try {
    for (;;) {
      const before = await highest(folder, name)
      const found = before && (await readHolder(before.path))
      if (before && !found) continue
      if (before && found && !isAlone && (await isAlive(found.holder, before.path, own))) {
        const { pid } = found.holder
        throw new LockError({ code: 'LOCK_HELD', folder, pid }, `${folder} is in use by process ${pid}`)
      }
      const number = (before?.number ?? 0) + 1
      const path = join(folder, `${name}-${number}.lock`)
      if (!(await linked(draft, path))) continue
      if ((await highest(folder, name))?.number !== number) {
        await unlink(path)
        continue
      }
      if (before) await unlinkIfThere(before.path)
      const left = found && {
        said: found.holder.said,
        aliveUs: found.aliveUs,
        sameBoot: found.holder.boot === own.boot,
      }
      return { left, beat: () => touch(path), release: () => unlinkIfThere(path) }
    }
  } finally {
    await unlink(draft)
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now)
}

async function highest(
  folder: string,
  name: string,
): Promise<{ readonly number: number; readonly path: string } | undefined> {
  const pattern = new RegExp(`^${name}-(\\d{1,15})\\.lock$`)
  const numbers = (await readdir(folder)).flatMap((file) => pattern.exec(file)?.[1] ?? []).map(Number)
  if (numbers.length === 0) return undefined
  const number = Math.max(...numbers)
  return { number, path: join(folder, `${name}-${number}.lock`) }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

async function readHolder(path: string): Promise<{ readonly holder: Holder; readonly aliveUs: number } | undefined> {
  try {
    const [text, { mtimeMs }] = [await readFile(path, 'utf8'), await stat(path)]
    return { holder: parse(text), aliveUs: Math.round(mtimeMs * 1000) }
  } catch (error) {
    if (!isMissing(error)) throw error
    return undefined
  }
}

/** A lock that says nothing (the power went while it was written) is nobody's. */
function parse(text: string): Holder {
  try {
    const { pid, began, boot, pids, said } = JSON.parse(text) as Partial<Holder>
    return { pid: Number(pid), began: String(began), boot: String(boot), pids: String(pids), said }
  } catch {
    return { pid: 0, began: '', boot: '', pids: '', said: undefined }
  }
}

async function isAlive(holder: Holder, path: string, own: Holder): Promise<boolean> {
  if (holder.boot !== own.boot || holder.pid <= 0) return false
  if (holder.pids === own.pids) return (await describe(holder.pid)).began === holder.began && isRunning(holder.pid)
  // In another container its pid cannot be looked up: if it lives it beats.
  const before = await changed(path)
  await sleep(BEATS_AWAITED * LOCK_BEAT_MS)
  return (await changed(path)) !== before
}

async function changed(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs
  } catch (error) {
    if (!isMissing(error)) throw error
    return undefined
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Where the kernel does not tell (no Linux), every process looks alike and only its pid counts. */
async function describe(pid: number): Promise<Omit<Holder, 'said'>> {
  const [status, boot, pids] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ])
  // Field 22; the name of the program, in brackets, may hold anything.
  const began = status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  return { pid, began, boot: boot.trim(), pids }
}
