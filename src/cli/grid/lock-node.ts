/**
 * One process is a node: two would throw each other off every broker, since a
 * broker knows them by the same client id. Its lock is on the folder of its state.
 */
import { mkdir } from 'node:fs/promises'
import { type Site, siteName } from '../../config/grid.ts'
import { errnoOf } from '../../runtime/errno.ts'
import { LOCK_BEAT_MS, LockError, type ProcessLock, takeProcessLock } from '../../runtime/process-lock.ts'
import type { Log, Running } from '../../runtime/service.ts'
import { failure } from '../cli-error.ts'

export interface NodeLock {
  /** False where the folder took no lock: another process may have it. */
  readonly isHeld: boolean
  /** Frees it once all of these have ended. */
  freeAfter(parts: readonly Running[]): Promise<void>
}

/** Rejects while another process has it. A disk that takes no file is no reason not to run. */
export async function lockNode(site: Site, log: Log): Promise<NodeLock> {
  const { stateFolder: folder, nodeId } = site
  let lock: ProcessLock
  try {
    await mkdir(folder, { recursive: true })
    lock = await takeProcessLock(folder, { name: 'node' })
  } catch (error) {
    if (error instanceof LockError) {
      throw failure(
        `node ${nodeId} of ${siteName(site)} runs already: process ${error.facts.pid} uses ${folder}`,
        'stop that process, or give this node another `node` or `state` in the grid file',
      )
    }
    if (errnoOf(error) === 'UNKNOWN') throw error
    log.warn({ folder, error }, 'the folder of the state takes no lock: nothing else notices a second process')
    return { isHeld: false, freeAfter: async () => {} }
  }
  const beating = setInterval(() => {
    lock.beat().catch((error: unknown) => log.debug({ folder, error }, 'the lock of the node cannot be touched'))
  }, LOCK_BEAT_MS)
  return {
    isHeld: true,
    async freeAfter(parts) {
      await Promise.allSettled(parts.map(({ done }) => done))
      clearInterval(beating)
      await lock.release().catch((error: unknown) => log.warn({ folder, error }, 'the lock of the node stays'))
    },
  }
}
