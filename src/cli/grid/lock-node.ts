/**
 * One process is a node: two would throw each other off every broker, since a
 * broker knows them by the same client id. Its lock is on the folder of its state.
 */
import { mkdir } from 'node:fs/promises'
import { type Site, siteName } from '../../config/grid.ts'
import { aborted } from '../../runtime/aborted.ts'
import { isPassing } from '../../runtime/errno.ts'
import {
  LOCK_BEAT_MS,
  LockError,
  type LockHolder,
  type ProcessLock,
  takeProcessLock,
} from '../../runtime/process-lock.ts'
import type { Running, ServiceDeps } from '../../runtime/service.ts'
import { failure } from '../cli-error.ts'

export class NodeLock implements Running {
  /** Resolves once the lock is free, after the abort and all that it is held for; rejects when another process has it. */
  readonly done: Promise<void>
  readonly #site: Site
  readonly #deps: Pick<ServiceDeps, 'signal' | 'log'>
  readonly #heldFor: Promise<unknown>[] = []
  #fail!: (error: unknown) => void
  #lock: ProcessLock | undefined
  #isTold = false
  #isBeating = false

  private constructor(site: Site, deps: Pick<ServiceDeps, 'signal' | 'log'>) {
    this.#site = site
    this.#deps = deps
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject
    })
    this.done = Promise.race([aborted(deps.signal), failed]).then(() => this.#end())
  }

  /** Rejects while another process has it. A disk that takes no file now is no reason not to run. */
  static async take(site: Site, deps: Pick<ServiceDeps, 'signal' | 'log'>): Promise<NodeLock> {
    const lock = new NodeLock(site, deps)
    await lock.#take()
    const beating = setInterval(() => void lock.#beat(), LOCK_BEAT_MS)
    void lock.done.catch(() => {}).then(() => clearInterval(beating))
    return lock
  }

  /** The process that was killed before this one. */
  get dead(): LockHolder | undefined {
    return this.#lock?.left?.holder
  }

  /** Not free before that is over, however it ends. */
  holdFor(work: Promise<unknown>): void {
    this.#heldFor.push(work)
  }

  async #take(): Promise<void> {
    const { stateFolder: folder, nodeId } = this.#site
    try {
      await mkdir(folder, { recursive: true })
      this.#lock = await takeProcessLock(folder, { name: 'node' })
    } catch (error) {
      if (error instanceof LockError && error.facts.code === 'LOCK_HELD') {
        throw failure(
          `node ${nodeId} of ${siteName(this.#site)} runs already: process ${error.facts.pid} uses ${folder}`,
          'stop that process (it may be in another container), or give this node another `node` or `state` in the grid file',
        )
      }
      if (!isPassing(error)) throw error
      if (!this.#isTold)
        this.#deps.log.warn({ folder, error }, 'the disk takes no lock of the node now; it is tried again')
      this.#isTold = true
    }
  }

  /** Taking it may last for more than a beat: a second attempt beside it would find the first one's lock. */
  async #beat(): Promise<void> {
    if (this.#isBeating) return
    this.#isBeating = true
    try {
      if (this.#lock) await this.#lock.beat()
      else await this.#take()
    } catch (error) {
      if (!isPassing(error)) this.#fail(error)
    } finally {
      this.#isBeating = false
    }
  }

  async #end(): Promise<void> {
    for (let seen = -1; seen < this.#heldFor.length; ) {
      seen = this.#heldFor.length
      await Promise.allSettled(this.#heldFor)
    }
    const { stateFolder: folder } = this.#site
    await this.#lock
      ?.release()
      .catch((error: unknown) => this.#deps.log.warn({ folder, error }, 'the lock of the node stays'))
  }
}

/** Of all of them or none, before the first of them disturbs a broker. */
export async function lockNodes(
  sites: readonly Site[],
  deps: Pick<ServiceDeps, 'signal' | 'log'>,
  keep: (lock: NodeLock) => void,
): Promise<NodeLock[]> {
  const taken = await Promise.allSettled(sites.map((site) => NodeLock.take(site, deps)))
  for (const result of taken) if (result.status === 'fulfilled') keep(result.value)
  return taken.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
