/**
 * One process has a folder. The lock is a file that names its process, so that
 * one that was killed does not lock out the next; its time of change says when
 * that process was alive last.
 */
import { randomUUID } from 'node:crypto'
import { link, readdir, readFile, readlink, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CodedError } from './coded-error.ts'
import { errnoOf, isMissing } from './errno.ts'

/** The holder touches its lock so often. */
export const LOCK_BEAT_MS = 1_000
const BEATS_AWAITED = 3

export type LockFault =
  /** Another process has it, and lives. */
  | { readonly code: 'LOCK_HELD'; readonly folder: string; readonly pid: number }
  /** Another process took it: we stood still for so long that it took us for dead. */
  | { readonly code: 'LOCK_LOST'; readonly folder: string }

export class LockError extends CodedError<LockFault> {}

export interface LockOptions {
  /** Of the lock in its folder, a word: `NAME-1.lock`. */
  readonly name: string
  /** What whoever takes it over shall know of this process, as JSON. */
  readonly said?: object
  /** Known to be dead: if it is the holder, nobody has to look whether it lives. */
  readonly dead?: LockHolder | undefined
}

/** A process. */
export interface LockHolder {
  readonly pid: number
  /** When the process began, as the kernel counts; a number used again does not fool us. */
  readonly began: string
  /** Of the machine's run, and of the container: a pid means nothing in another. */
  readonly boot: string
  readonly pids: string
}

interface Held extends LockHolder {
  /** Of this taking of the lock, and of no other. */
  readonly id: string
  readonly said: unknown
}

export interface ProcessLock {
  /** Of the process before, if it did not let go: it was killed, or the power went. What it said may be anything. */
  readonly left:
    | { readonly holder: LockHolder; readonly said: unknown; readonly aliveUs: number; readonly sameBoot: boolean }
    | undefined
  /** To be called every {@link LOCK_BEAT_MS}. Rejects with LOCK_LOST, or with the system's error. */
  beat(): Promise<void>
  /** Nothing is done where it is another's by now. */
  release(): Promise<void>
  /** Ends as if the process were killed now: whoever takes it next learns what was said. */
  abandon(): Promise<void>
}

/**
 * Locks are numbered, and the highest counts: whoever finds its holder dead
 * makes the next, which only one can. So nobody ever removes a lock that
 * another may just have taken. Rejects with a {@link LockError}, or with the
 * system's error where the folder does not take a file.
 */
export async function takeProcessLock(folder: string, { name, said, dead }: LockOptions): Promise<ProcessLock> {
  const own: Held = { ...(await describe(process.pid)), id: randomUUID(), said }
  const draft = join(folder, `${name}.lock-${process.pid}-${performance.now()}`)
  try {
    await writeFile(draft, `${JSON.stringify(own)}\n`)
    for (;;) {
      const before = await highest(folder, name)
      const found = before && (await readHolder(before.path))
      if (before && !found) continue
      if (before && found && !isSame(found.holder, dead)) {
        const life = await lifeOf(found.holder, before.path, own)
        if (life === 'released') continue
        if (life === 'alive') {
          const { pid } = found.holder
          throw new LockError({ code: 'LOCK_HELD', folder, pid }, `${folder} is in use by process ${pid}`)
        }
      }
      const number = (before?.number ?? 0) + 1
      const path = join(folder, `${name}-${number}.lock`)
      if (!(await linked(draft, path))) continue
      if ((await highest(folder, name))?.number !== number) {
        await unlink(path)
        continue
      }
      if (before) await unlinkIfThere(before.path)
      return lockOf(folder, path, own, found)
    }
  } finally {
    await unlink(draft).catch(() => {}) // it was never written, or the disk lets nothing go: one more small file
  }
}

function lockOf(folder: string, path: string, own: Held, found: Found | undefined): ProcessLock {
  const isOurs = async (): Promise<boolean> => (await readHolder(path))?.holder.id === own.id
  return {
    left: found && {
      holder: found.holder,
      said: found.holder.said,
      aliveUs: found.aliveUs,
      sameBoot: found.holder.boot === own.boot,
    },
    async beat() {
      if (!(await isOurs())) {
        throw new LockError({ code: 'LOCK_LOST', folder }, `another process took over ${folder} from this one`)
      }
      const now = new Date()
      await utimes(path, now, now)
    },
    async release() {
      if (await isOurs()) await unlinkIfThere(path)
    },
    async abandon() {
      abandoned.add(own.id)
      await this.beat()
    },
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
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

interface Found {
  readonly holder: Held
  readonly aliveUs: number
}

async function readHolder(path: string): Promise<Found | undefined> {
  try {
    const [text, { mtimeMs }] = [await readFile(path, 'utf8'), await stat(path)]
    return { holder: parse(text), aliveUs: Math.round(mtimeMs * 1000) }
  } catch (error) {
    if (!isMissing(error)) throw error
    return undefined
  }
}

/** A lock that says nothing (the power went while it was written) is nobody's. */
function parse(text: string): Held {
  try {
    const { pid, began, boot, pids, id, said } = JSON.parse(text) as Partial<Held>
    return { pid: Number(pid), began: String(began), boot: String(boot), pids: String(pids), id: String(id), said }
  } catch {
    return { pid: 0, began: '', boot: '', pids: '', id: '', said: undefined }
  }
}

const isSame = (one: LockHolder, other: LockHolder | undefined): boolean =>
  one.pid === other?.pid && one.began === other.began && one.boot === other.boot && one.pids === other.pids

/** By this process, which lives. */
const abandoned = new Set<string>()

async function lifeOf(holder: Held, path: string, own: LockHolder): Promise<'alive' | 'dead' | 'released'> {
  if (holder.boot !== own.boot || holder.pid <= 0 || abandoned.has(holder.id)) return 'dead'
  if (holder.pids === own.pids) {
    return (await describe(holder.pid)).began === holder.began && isRunning(holder.pid) ? 'alive' : 'dead'
  }
  // In another container its pid cannot be looked up: if it lives it beats.
  const before = await changed(path)
  await sleep(BEATS_AWAITED * LOCK_BEAT_MS)
  const after = await changed(path)
  if (after === undefined) return 'released'
  return after === before ? 'dead' : 'alive'
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
    return errnoOf(error) === 'EPERM'
  }
}

/** Where the kernel does not tell (no Linux), every process looks alike and only its pid counts. */
async function describe(pid: number): Promise<LockHolder> {
  const [status, boot, pids] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ])
  // Field 22; the name of the program, in brackets, may hold anything.
  const began = status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  return { pid, began, boot: boot.trim(), pids }
}
