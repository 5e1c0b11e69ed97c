import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BlockCache } from '../../src/journal/block-cache.ts'
import type { CommitLog } from '../../src/journal/commit-log.ts'
import { systemFiles } from '../../src/journal/index.ts'
import { JournalCounters } from '../../src/journal/journal-counters.ts'
import { loadStream } from '../../src/journal/load-stream.ts'
import { MemoryBound } from '../../src/journal/memory-bound.ts'
import { StoreReader } from '../../src/journal/store-reader.ts'
import { StreamStore } from '../../src/journal/stream-store.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import type { AbsentRange } from '../../src/streams/index.ts'
import { config2 } from '../support/blue-pmu.ts'
import { type Folder, frameAt, PERIOD_US, STREAM, slot, T0, temporaryFolder } from './support/kept.ts'

const HOUR_US = 3_600_000_000
/** What comes from the source, and what the disk and the process do. */
const Happening = fc.oneof(
  fc.record({ what: fc.constant('frames' as const), count: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ what: fc.constant('silence' as const), count: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ what: fc.constant('lose' as const), count: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ what: fc.constant('step' as const), byUs: fc.integer({ min: -2, max: 2 }).map((n) => n * HOUR_US) }),
  fc.record({ what: fc.constant('stray' as const), byUs: fc.integer({ min: -2, max: 2 }).map((n) => n * HOUR_US) }),
  fc.record({ what: fc.constantFrom('end', 'unusable', 'stop', 'kill' as const) }),
)
type Happening = typeof Happening extends fc.Arbitrary<infer T> ? T : never

/** A log that is not read: what is of interest is in the segments. */
const noLog = { number: 1, bytes: 0, frame() {}, record() {} } as unknown as CommitLog

class Memory extends MemoryBound {
  full = false

  override hasRoomFor(bytes: number): boolean {
    return !this.full && super.hasRoomFor(bytes)
  }
}

class History {
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
        this.#store.data(frameAt(this.#us + happening.byUs))
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

/** What is said of a part of the time. */
const within = (ranges: readonly AbsentRange[], fromUs: number, toUs: number): AbsentRange[] =>
  ranges
    .map((range) => ({ ...range, fromUs: Math.max(range.fromUs, fromUs), toUs: Math.min(range.toUs, toUs) }))
    .filter((range) => range.fromUs < range.toUs)

it('says the same of a time whatever range it is asked in, whatever has happened', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(Happening, { minLength: 1, maxLength: 20 }),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 20, maxLength: 20 }),
      async (happenings, pairs) => {
        using folder = temporaryFolder()
        const history = new History(folder)
        for (const happening of happenings) await history.happen(happening)
        const { reader } = history
        const whole = await reader.absent({ fromUs: 0, toUs: slot(0) + 100 * HOUR_US })
        const edges = whole.flatMap(({ fromUs, toUs }) => [fromUs, Math.floor((fromUs + toUs) / 2), toUs])
        for (const pair of pairs) {
          const [fromUs = 0, toUs = 0] = pair.map((n) => edges[n % edges.length] ?? 0).sort((a, b) => a - b)
          expect(await reader.absent({ fromUs, toUs })).toEqual(within(whole, fromUs, toUs))
        }
      },
    ),
    { numRuns: 300 },
  )
}, 60_000)

it('says lost of what was lost as a session ended, though it is asked of that alone', async () => {
  using folder = temporaryFolder()
  const history = new History(folder)
  await history.happen({ what: 'frames', count: 10 })
  await history.happen({ what: 'stop' })
  await history.happen({ what: 'frames', count: 10 })
  await history.happen({ what: 'lose', count: 300 })
  await history.happen({ what: 'stop' })
  await history.happen({ what: 'frames', count: 10 })
  expect(await history.reader.absent({ fromUs: slot(200), toUs: slot(201) })).toEqual([
    { fromUs: slot(200), toUs: slot(201), verdict: 'lost', reason: 'write-failed' },
  ])
})

it('says the same of what was before a segment whose first line is damaged as when it is not asked of that', async () => {
  using folder = temporaryFolder()
  const history = new History(folder)
  for (let n = 0; n < 3; n++) {
    await history.happen({ what: 'frames', count: 10 })
    await history.happen({ what: 'silence', count: 100 })
    await history.happen({ what: 'stop' })
  }
  const place = join(folder.path, STREAM)
  const second = join(place, readdirSync(place).filter((name) => name.endsWith('-2.events'))[0]!)
  const bytes = readFileSync(second)
  bytes[0]! ^= 0xff
  writeFileSync(second, bytes)
  const whole = await history.reader.absent({ fromUs: 0, toUs: slot(300) })
  expect(within(whole, slot(0), slot(9))).toMatchObject([{ verdict: 'never-produced' }])
  expect(await history.reader.absent({ fromUs: 0, toUs: slot(9) })).toEqual(within(whole, 0, slot(9)))
})
