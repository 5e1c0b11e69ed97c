import { readdirSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type JournalFiles, systemFiles } from '../../src/journal/index.ts'
import { config2 } from '../support/blue-pmu.ts'
import { metricSum } from '../support/metric-sum.ts'
import { until } from '../support/until.ts'
import { frameAt, type Kept, keep, STREAM, slot, temporaryFolder } from './support/kept.ts'
import { troubledFiles } from './support/troubled-files.ts'

const isLog = (path: string): boolean => path.endsWith('.log')
const failures = (kept: Kept): Promise<number> => metricSum(kept.deps.metrics, 'phasorbus_journal_failures_total')

interface Write {
  readonly atMs: number
  readonly bytes: number
}

const sizeOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0)

/** A disk that takes no time, and keeps nothing. */
const instantFiles: JournalFiles = { ...systemFiles, writev: async (_, parts) => sizeOf(parts), sync: async () => {} }

/** The writes of frames to the log: with their times and sizes. */
function watchedFiles(below = systemFiles) {
  const writes: Write[] = []
  const syncs: number[] = []
  const logs = new Set<number>()
  const opened: string[] = []
  return {
    writes,
    syncs,
    opened,
    files: {
      ...below,
      async open(path: string, write: boolean) {
        const fd = await below.open(path, write)
        if (isLog(path)) {
          logs.add(fd)
          opened.push(path)
        }
        return fd
      },
      writev(fd: number, parts: readonly Uint8Array[], position: number) {
        const bytes = sizeOf(parts)
        if (logs.has(fd) && bytes > 8) writes.push({ atMs: performance.now(), bytes })
        return below.writev(fd, parts, position)
      },
      writeSync(fd: number, bytes: Uint8Array, length: number, position: number) {
        writes.push({ atMs: performance.now(), bytes: length })
        return below.writeSync(fd, bytes, length, position)
      },
      async sync(fd: number) {
        await below.sync(fd)
        if (logs.has(fd)) syncs.push(performance.now())
      },
    },
  }
}

describe('the commit log', () => {
  it('takes the first frame after a quiet spell at the end of its turn, with all others of that turn', async () => {
    using folder = temporaryFolder()
    const { writes, files } = watchedFiles()
    await using kept = await keep(folder.path, { files, settings: { writeDelayMs: 5000 } })
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    for (let n = 0; n < 3; n++) writer.data(frameAt(slot(n)))
    expect(writes).toHaveLength(0)
    await nextTurn()
    expect(writes).toHaveLength(1)
    expect(writes[0]!.bytes).toBeGreaterThan(3 * 58)
  })

  it('takes what follows in one write, within the write delay', async () => {
    using folder = temporaryFolder()
    const { writes, files } = watchedFiles()
    await using kept = await keep(folder.path, { files, settings: { writeDelayMs: 1000 } })
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    writer.data(frameAt(slot(0)))
    await until(() => writes.length === 1)
    const firstMs = performance.now()
    for (let n = 1; n <= 50; n++) {
      writer.data(frameAt(slot(n)))
      await nextTurn()
    }
    await until(() => writes.reduce((sum, { bytes }) => sum + bytes, 0) >= 51 * 58)
    expect(writes.length).toBeLessThan(4)
    expect(writes[1]!.atMs - firstMs).toBeLessThan(1000)
  })

  it('takes each frame before it returns, with a write delay of 0', async () => {
    using folder = temporaryFolder()
    const { writes, files } = watchedFiles()
    await using kept = await keep(folder.path, { files, settings: { writeDelayMs: 0 } })
    expect(kept.journal.writesAtOnce).toBe(true)
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    for (let n = 0; n < 10; n++) {
      const before = writes.length
      writer.data(frameAt(slot(n)))
      expect(writes.length).toBeGreaterThan(before)
      expect(writes.at(-1)!.bytes).toBe(58)
    }
  })

  it('does so in each of its files', async () => {
    using folder = temporaryFolder()
    const { writes, opened, files } = watchedFiles()
    await using kept = await keep(folder.path, { files, fillEveryMs: 20, settings: { writeDelayMs: 0 } })
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    let late = 0
    for (let n = 0; opened.length < 5; n++) {
      const before = writes.length
      writer.data(frameAt(slot(n)))
      if (writes.slice(before).at(-1)?.bytes !== 58) late++
      await nextTurn()
    }
    expect(late).toBe(0)
  })

  it('is synced within the sync delay', async () => {
    using folder = temporaryFolder()
    const { writes, syncs, files } = watchedFiles()
    await using kept = await keep(folder.path, { files, settings: { syncDelayMs: 2000 } })
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    writer.data(frameAt(slot(0)))
    await until(() => syncs.length === 1)
    expect(syncs[0]! - writes[0]!.atMs).toBeLessThan(2000)
  })

  it('closes a file once, and removes it as often as it takes', async () => {
    using folder = temporaryFolder()
    const files = troubledFiles()
    await using kept = await keep(folder.path, { files, fillEveryMs: 20 })
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    for (const [n, call] of (['unlink', 'close'] as const).entries()) {
      const before = await failures(kept)
      files.fail({ code: 'EIO', calls: [call], of: isLog })
      writer.data(frameAt(slot(n)))
      // A file whose close fails is closed: there is nothing to try again.
      await until(async () => (await failures(kept)) > before + (call === 'unlink' ? 1 : 0))
      files.fail(undefined)
      await until(() => !kept.journal.failing)
    }
    expect(files.closedTwice).toEqual([])
    await until(() => readdirSync(folder.path).filter(isLog).length === 1)
    expect([...files.opened.values()].filter(isLog)).toHaveLength(1)
  })
})

describe('the commit log at its defaults, by a clock of its own', () => {
  afterEach(() => void vi.useRealTimers())

  it.each([1, 3, 8, 20, 150])(
    'hands on a frame within 10 ms, and syncs it within 100: one every %i ms',
    async (everyMs) => {
      using folder = temporaryFolder()
      const { writes, syncs, files } = watchedFiles(instantFiles)
      await using kept = await keep(folder.path, { files })
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] })
      const writer = kept.journal.stream(STREAM)
      writer.configuration([config2])
      const cameMs: number[] = []
      for (let n = 0; n < 100; n++) {
        cameMs.push(performance.now())
        writer.data(frameAt(slot(n)))
        await vi.advanceTimersByTimeAsync(everyMs)
      }
      await vi.advanceTimersByTimeAsync(1000)
      vi.useRealTimers()

      // Before its first frame the stream is named, and before that frame nothing is under way.
      const handedMs = writes.flatMap(({ atMs, bytes }, i) => Array<number>(i === 0 ? 1 : bytes / 58).fill(atMs))
      expect(handedMs).toHaveLength(cameMs.length)
      const syncedMs = handedMs.map((handed) => syncs.find((synced) => synced >= handed)!)
      const longest = (untilMs: readonly number[]): number => Math.max(...untilMs.map((atMs, n) => atMs - cameMs[n]!))
      expect(longest(handedMs)).toBeLessThanOrEqual(10)
      expect(longest(syncedMs)).toBeLessThanOrEqual(100)
      // Not by a write for each: what came in the meantime goes together.
      expect(writes.length).toBeLessThanOrEqual(1 + (100 * everyMs) / 5)
    },
  )
})
