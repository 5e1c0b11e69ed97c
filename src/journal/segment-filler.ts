/**
 * Moves what was logged into the segments, and lets its logs go. A stream whose
 * files fail is tried again and again and holds up no other. The logs that have
 * what is its own stay, though, so what it keeps of disk and memory has a bound.
 */
import type { Log } from '../runtime/service.ts'
import type { CommitLog, LogFile } from './commit-log.ts'
import type { JournalCounters } from './journal-counters.ts'
import type { MemoryBound } from './memory-bound.ts'
import type { StreamStore } from './stream-store.ts'

/** Times that others could be filled and it could not, after which a stream may be given up. */
export const TRIES = 5

export interface SegmentFillerDeps {
  readonly stores: () => Iterable<StreamStore>
  readonly memory: MemoryBound
  readonly counters: JournalCounters
  readonly log: Log
  /** Of logs that wait for streams that cannot be filled: beyond it those are given up. */
  readonly maxHeldBytes: number
  readonly signal: AbortSignal
}

interface Waiting {
  /** The oldest log that has something of it. */
  readonly log: number
  failures: number
}

export class SegmentFiller {
  readonly #deps: SegmentFillerDeps
  /** Sealed, and not in their segments yet. */
  readonly #waiting = new Map<StreamStore, Waiting>()
  /** Logs that were turned from, oldest first. */
  #old: LogFile[] = []

  constructor(deps: SegmentFillerDeps) {
    this.#deps = deps
  }

  /** All that can be moved is, whatever fails of the rest; rejects with the system's first error then. */
  async fill(log: CommitLog): Promise<void> {
    const failures: unknown[] = []
    const orNote = async (work: () => Promise<void>): Promise<void> => {
      await work().catch((error: unknown) => {
        failures.push(error)
      })
    }
    await orNote(() => this.#turn(log))
    const filled = await this.#fillWaiting(log, failures)
    if (filled > 0) this.#giveUp(log)
    await orNote(() => this.#letGo(log))
    if (failures.length > 0) throw failures[0]
  }

  /** With nothing to move but what cannot be moved, one log is as good as another. */
  async #turn(log: CommitLog): Promise<void> {
    const withParts = (): StreamStore[] => [...this.#deps.stores()].filter((store) => store.hasParts)
    if (withParts().every((store) => this.#waiting.has(store))) return
    const old = await log.rotate(() => {
      // Only now: frames of others may have come to the old log while the new one was made.
      for (const store of withParts()) {
        store.seal()
        if (!this.#waiting.has(store)) this.#waiting.set(store, { log: log.number - 1, failures: 0 })
      }
    })
    this.#old.push(old)
  }

  /** How many could be. */
  async #fillWaiting(log: CommitLog, failures: unknown[]): Promise<number> {
    const failed: Waiting[] = []
    let filled = 0
    for (const [store, waiting] of this.#waiting) {
      if (this.#deps.signal.aborted) break
      try {
        await store.fill()
      } catch (error) {
        failures.push(error)
        failed.push(waiting)
        continue
      }
      store.filled(log, log.number - 1)
      this.#waiting.delete(store)
      filled++
    }
    // Where nothing works it is not the stream.
    if (filled > 0) for (const waiting of failed) waiting.failures++
    return filled
  }

  #giveUp(log: CommitLog): void {
    const { memory, maxHeldBytes } = this.#deps
    if (log.oldBytes <= maxHeldBytes && memory.used <= memory.limit / 2) return
    for (const [store, { failures }] of this.#waiting) {
      if (failures < TRIES) continue
      const frames = store.giveUp(log)
      this.#deps.counters.lost('write-failed', frames)
      this.#deps.log.error(
        { stream: store.topic, frames },
        'the files of a stream cannot be written: its frames since then are given up, so that others have room',
      )
      // What it has from here on is tried anew.
      this.#waiting.delete(store)
    }
  }

  async #letGo(log: CommitLog): Promise<void> {
    const needed = Math.min(Number.POSITIVE_INFINITY, ...[...this.#waiting.values()].map((waiting) => waiting.log))
    const free = this.#old.filter(({ number }) => number < needed)
    if (free.length === 0) return
    for (const file of free) await log.abandon(file)
    if (!(await log.settled())) throw Object.assign(new Error('the log is not synced'), { code: 'EIO' })
    for (const file of free) {
      await log.remove(file)
      this.#old = this.#old.filter((other) => other !== file)
    }
  }
}
