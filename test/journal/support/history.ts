import fc from 'fast-check'
import { BlockCache } from '../../../src/journal/block-cache.ts'
import type { CommitLog } from '../../../src/journal/commit-log.ts'
import { systemFiles } from '../../../src/journal/index.ts'
import { JournalCounters } from '../../../src/journal/journal-counters.ts'
import { loadStream } from '../../../src/journal/load-stream.ts'
import { MemoryBound } from '../../../src/journal/memory-bound.ts'
import { StoreReader } from '../../../src/journal/store-reader.ts'
import { StreamStore } from '../../../src/journal/stream-store.ts'
import { silentLog } from '../../../src/runtime/log.ts'
import { createMetrics } from '../../../src/runtime/metrics.ts'
import { config2 } from '../../support/blue-pmu.ts'
import { type Folder, frameAt, PERIOD_US, STREAM, T0 } from './kept.ts'

export const HOUR_US = 3_600_000_000
/** What comes from the source, and what the disk and the process do. */
export const Happening = fc.oneof(
  fc.record({ what: fc.constant('frames' as const), count: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ what: fc.constant('silence' as const), count: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ what: fc.constant('lose' as const), count: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ what: fc.constant('step' as const), byUs: fc.integer({ min: -2, max: 2 }).map((n) => n * HOUR_US) }),
  fc.record({
    what: fc.constantFrom('stray', 'lost-stray'),
    byUs: fc.integer({ min: -2, max: 2 }).map((n) => n * HOUR_US),
  }),
  fc.record({ what: fc.constantFrom('end', 'unusable', 'stop', 'kill' as const) }),
)
export type Happening = typeof Happening extends fc.Arbitrary<infer T> ? T : never

/** A log that is not read: what is of interest is in the segments. */
const noLog = { number: 1, bytes: 0, frame() {}, record() {} } as unknown as CommitLog

class Memory extends MemoryBound {
  full = false

  override hasRoomFor(bytes: number): boolean {
    return !this.full && super.hasRoomFor(bytes)
  }
}

/** One stream of a journal, without its log: what becomes of it depends on nothing but what happens. */
export class History {
  readonly #folder: Folder
  readonly #memory = new Memory(Number.POSITIVE_INFINITY)
  readonly #counters = new JournalCounters(createMetrics())
  #store: StreamStore
  /** Of the frame that comes next, and what the clock of the node is ahead of it. */
  #us = T0
  #aheadUs = 0

  constructor(folder: Folder) {
    this.#folder = folder
    this.#store = this.#begin()
  }

  get reader(): StoreReader {
    const deps = { journalId: 'id', files: systemFiles, blocks: new BlockCache(), utcUs: () => this.#nowUs }
    return new StoreReader(this.#store, deps)
  }

  async happen(happening: Happening): Promise<void> {
    switch (happening.what) {
      case 'frames':
      case 'lose':
        this.#memory.full = happening.what === 'lose'
        for (let n = 0; n < happening.count; n++, this.#us += PERIOD_US) this.#store.data(frameAt(this.#us))
        this.#memory.full = false
        break
      case 'silence':
        this.#us += happening.count * PERIOD_US
        break
      case 'step':
        this.#us += happening.byUs
        this.#aheadUs -= happening.byUs
        break
      case 'stray':
      case 'lost-stray':
        this.#memory.full = happening.what === 'lost-stray'
        this.#store.data(frameAt(this.#us + happening.byUs))
        this.#memory.full = false
        break
      case 'end':
        this.#store.sessionEnded('LINK_SILENT')
        break
      case 'unusable':
        this.#store.unusable('bad-checksum')
        break
      default:
        await this.#begunAnew(happening.what === 'stop')
    }
  }

  async #begunAnew(clean: boolean): Promise<void> {
    if (clean) this.#store.close()
    this.#store.seal()
    await this.#store.fill()
    const place = { folder: this.#store.folder, files: systemFiles }
    const loaded = await loadStream(STREAM, place, undefined, { memory: this.#memory, nowUs: this.#nowUs })
    this.#store = this.#begin()
    const crashWindowToUs = loaded.moment.run && loaded.moment.run.lastUs + PERIOD_US * 1.5
    this.#store.takeOver(loaded, { aliveUs: this.#nowUs, crashWindowToUs })
    this.#store.seal()
    await this.#store.fill()
  }

  #begin(): StreamStore {
    const store = new StreamStore(STREAM, 1, {
      folder: this.#folder.path,
      files: systemFiles,
      memory: this.#memory,
      counters: this.#counters,
      log: silentLog,
      commitLog: () => noLog,
      segmentBytes: () => 2000,
      segmentUs: HOUR_US,
      utcUs: () => this.#nowUs,
      trouble: () => 'ENOSPC',
    })
    store.configuration([config2])
    return store
  }

  get #nowUs(): number {
    return this.#us + this.#aheadUs
  }
}
