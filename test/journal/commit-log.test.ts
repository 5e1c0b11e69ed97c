import { readdirSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { systemFiles } from '../../src/journal/index.ts'
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

/** The writes of frames to the log: with their times and sizes. */
function watchedFiles() {
  const writes: Write[] = []
  const syncs: number[] = []
  const logs = new Set<number>()
  const opened: string[] = []
  return {
    writes,
    syncs,
    opened,
    files: {
      ...systemFiles,
      async open(path: string, write: boolean) {
        const fd = await systemFiles.open(path, write)
        if (isLog(path)) {
          logs.add(fd)
          opened.push(path)
        }
        return fd
      },
      writev(fd: number, parts: readonly Uint8Array[], position: number) {
        const bytes = parts.reduce((sum, { length }) => sum + length, 0)
        if (logs.has(fd) && bytes > 8) writes.push({ atMs: performance.now(), bytes })
        return systemFiles.writev(fd, parts, position)
      },
      writeSync(fd: number, bytes: Uint8Array, length: number, position: number) {
        writes.push({ atMs: performance.now(), bytes: length })
        return systemFiles.writeSync(fd, bytes, length, position)
      },
      async sync(fd: number) {
        await systemFiles.sync(fd)
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
