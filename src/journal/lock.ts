/**
 * One process keeps a journal. The lock is a file that names its process, so
 * that one that was killed does not lock out the next; its time of change says
 * when that process was alive last.
 */
import { link, readdir, readFile, readlink, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { JournalError } from './journal-error.ts'
import { errnoOf, isMissing } from './journal-files.ts'
import { lockName, parseLockName } from './paths.ts'

/** The holder touches its lock so often. */
export const LOCK_BEAT_MS = 1_000
const BEATS_AWAITED = 3

/** How long a frame may be in memory alone, and unsynced. */
export interface Delays {
  readonly writeDelayMs: number
  readonly syncDelayMs: number
}

interface Holder {
  readonly pid: number
  /** When the process began, as the kernel counts; a number used again does not fool us. */
  readonly began: string
  /** Of the machine's run, and of the container: a pid means nothing in another. */
  readonly boot: string
  readonly pids: string
  /** What it promised: if it is killed, so much may be lost. */
  readonly delays: Delays
}

export interface Lock {
  /** What the process before left, if it did not let go: it was killed, or the power went. */
  readonly left: (Delays & { readonly aliveUs: number; readonly sameBoot: boolean }) | undefined
  beat(): Promise<void>
  release(): Promise<void>
}

/**
 * Locks are numbered, and the highest counts: whoever finds its holder dead
 * makes the next, which only one can. So nobody ever removes a lock that
 * another may just have taken.
 */
export async function takeLock(folder: string, { writeDelayMs, syncDelayMs }: Delays): Promise<Lock> {
  const delays = { writeDelayMs, syncDelayMs }
  const own: Holder = { ...(await describe(process.pid)), delays }
  const draft = join(folder, `journal.lock-${process.pid}-${performance.now()}`)
  await writeFile(draft, `${JSON.stringify(own)}\n`)
  try {
    for (;;) {
      const before = await highest(folder)
      const found = before && (await readHolder(before.path, delays))
      if (before && !found) continue
      if (before && found && (await isAlive(found.holder, before.path, own))) {
        const { pid } = found.holder
        throw new JournalError({ code: 'JOURNAL_LOCKED', folder, pid }, `${folder} is kept by process ${pid}`)
      }
      const number = (before?.number ?? 0) + 1
      const path = join(folder, lockName(number))
      if (!(await linked(draft, path))) continue
      if ((await highest(folder))?.number !== number) {
        await unlink(path)
        continue
      }
      if (before) await unlinkIfThere(before.path)
      const left = found && { ...found.holder.delays, aliveUs: found.aliveUs, sameBoot: found.holder.boot === own.boot }
      return { left, beat: () => touch(path), release: () => unlink(path) }
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

async function highest(folder: string): Promise<{ readonly number: number; readonly path: string } | undefined> {
  const numbers = (await readdir(folder)).flatMap((name) => parseLockName(name) ?? [])
  if (numbers.length === 0) return undefined
  const number = Math.max(...numbers)
  return { number, path: join(folder, lockName(number)) }
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

async function readHolder(
  path: string,
  own: Delays,
): Promise<{ readonly holder: Holder; readonly aliveUs: number } | undefined> {
  try {
    const [text, { mtimeMs }] = [await readFile(path, 'utf8'), await stat(path)]
    return { holder: parse(text, own), aliveUs: Math.round(mtimeMs * 1000) }
  } catch (error) {
    if (!isMissing(error)) throw error
    return undefined
  }
}

/** A lock that says nothing (the power went while it was written) is nobody's. */
function parse(text: string, own: Delays): Holder {
  try {
    const { pid, began, boot, pids, delays } = JSON.parse(text) as Partial<Holder>
    const { writeDelayMs = own.writeDelayMs, syncDelayMs = own.syncDelayMs }: Partial<Delays> = delays ?? {}
    return {
      pid: Number(pid),
      began: String(began),
      boot: String(boot),
      pids: String(pids),
      delays: { writeDelayMs: Number(writeDelayMs), syncDelayMs: Number(syncDelayMs) },
    }
  } catch {
    return { pid: 0, began: '', boot: '', pids: '', delays: own }
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
async function describe(pid: number): Promise<Omit<Holder, 'delays'>> {
  const [status, boot, pids] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ])
  // Field 22; the name of the program, in brackets, may hold anything.
  const began = status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  return { pid, began, boot: boot.trim(), pids }
}
