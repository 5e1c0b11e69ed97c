/** The lock of a journal: who kept it before tells how much may be lost if it was killed. */
import { z } from 'zod'
import { LockError, type LockHolder, type ProcessLock, takeProcessLock } from '../runtime/process-lock.ts'
import { JournalError } from './journal-error.ts'

/** How long a frame may be in memory alone, and unsynced. */
export interface Delays {
  readonly writeDelayMs: number
  readonly syncDelayMs: number
}

export interface Lock extends Omit<ProcessLock, 'left'> {
  /** What the process before left, if it did not let go: it was killed, or the power went. */
  readonly left: (Delays & { readonly aliveUs: number; readonly sameBoot: boolean }) | undefined
}

/** `dead`: a process of which the caller knows that it is gone. */
export async function takeLock(folder: string, own: Delays, dead?: LockHolder): Promise<Lock> {
  const delays: Delays = { writeDelayMs: own.writeDelayMs, syncDelayMs: own.syncDelayMs }
  try {
    const lock = await takeProcessLock(folder, { name: 'journal', said: delays, dead })
    if (!lock.left) return { ...lock, left: undefined }
    const { said, aliveUs, sameBoot } = lock.left
    return { ...lock, left: { ...delaysOf(said, delays), aliveUs, sameBoot } }
  } catch (error) {
    if (!(error instanceof LockError) || error.facts.code !== 'LOCK_HELD') throw error
    const { pid } = error.facts
    throw new JournalError({ code: 'JOURNAL_LOCKED', folder, pid }, `${folder} is kept by process ${pid}`)
  }
}

const Said = z.object({ writeDelayMs: z.number(), syncDelayMs: z.number() })

/** A torn lock does not say: our own delays stand for it. */
const delaysOf = (said: unknown, own: Delays): Delays => Said.safeParse(said).data ?? own
