/** The lock of a journal: who kept it before tells how much may be lost if it was killed. */
import { z } from 'zod'
import { utcMs } from '../runtime/clock.ts'
import { LockError, type LockHolder, type ProcessLock, takeProcessLock } from '../runtime/process-lock.ts'
import { JournalError } from './journal-error.ts'

/** How long a frame may be in memory alone, and unsynced. */
export interface Delays {
  readonly writeDelayMs: number
  readonly syncDelayMs: number
}

export interface Lock extends Omit<ProcessLock, 'left'> {
  /** What the process before left, if it did not let go: it was killed, or the power went. */
  readonly left: Left | undefined
}

export interface Left extends Delays {
  /** When it took the lock, by the clock of the node; infinite where the lock does not say. */
  readonly takenUs: number
  /** When it was alive for the last time, as far as is known. */
  readonly aliveUs: number
  readonly sameBoot: boolean
}

/** `dead`: a process of which the caller knows that it is gone. */
export async function takeLock(
  folder: string,
  { writeDelayMs, syncDelayMs }: Delays,
  dead?: LockHolder,
): Promise<Lock> {
  const own = { writeDelayMs, syncDelayMs, takenUs: Math.round(utcMs() * 1000) }
  try {
    const lock = await takeProcessLock(folder, { name: 'journal', said: own, dead })
    if (!lock.left) return { ...lock, left: undefined }
    const { said, aliveUs, sameBoot } = lock.left
    return { ...lock, left: { ...saidOr(said, { writeDelayMs, syncDelayMs }), aliveUs, sameBoot } }
  } catch (error) {
    if (!(error instanceof LockError) || error.facts.code !== 'LOCK_HELD') throw error
    const { pid } = error.facts
    throw new JournalError({ code: 'JOURNAL_LOCKED', folder, pid }, `${folder} is kept by process ${pid}`)
  }
}

const UNTOLD = Number.POSITIVE_INFINITY
const Said = z.object({ writeDelayMs: z.number(), syncDelayMs: z.number(), takenUs: z.number().default(UNTOLD) })

/** A torn lock does not say: our own delays stand for it. */
const saidOr = (said: unknown, own: Delays): Omit<Left, 'aliveUs' | 'sameBoot'> =>
  Said.safeParse(said).data ?? { ...own, takenUs: UNTOLD }
