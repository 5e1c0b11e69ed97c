import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { config2, config2Of } from '../support/blue-pmu.ts'
import { metricSum } from '../support/metric-sum.ts'
import { needsRoot } from '../support/needs.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { until } from '../support/until.ts'
import { frameAt, hexOf, type Kept, keep, readAll, STREAM, slot, temporaryFolder, verdictAt } from './support/kept.ts'
import { troubledFiles } from './support/troubled-files.ts'

const failing = (kept: Kept): Promise<number> => metricSum(kept.deps.metrics, 'phasorbus_journal_failing')
const lost = (kept: Kept): Promise<number> =>
  metricSum(kept.deps.metrics, 'phasorbus_journal_lost_frames_total', { reason: 'write-failed' })

function writerOf(kept: Kept) {
  const writer = kept.journal.stream(STREAM)
  writer.configuration([config2])
  return (from: number, to: number): void => {
    for (let n = from; n < to; n++) writer.data(frameAt(slot(n)))
  }
}

const hexes = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => hexOf(frameAt(slot(from + i))))

describe.each([
  ['a full disk', 'ENOSPC'],
  ['a read-only disk', 'EROFS'],
  ['a disk that fails', 'EIO'],
])('%s', (_, code) => {
  it.each([10, 0])('costs nothing as long as memory has room: write delay %i', async (writeDelayMs) => {
    using folder = temporaryFolder()
    const files = troubledFiles()
    const { lines, log } = recordedLog()
    {
      await using kept = await keep(folder.path, { files, log, settings: { writeDelayMs }, fillEveryMs: 20 })
      const give = writerOf(kept)
      give(0, 10)
      files.fail(code)
      give(10, 20)
      await until(() => kept.journal.failing)
      expect(await failing(kept)).toBe(1)
      give(20, 30)
      const before = files.attempts
      await until(() => files.attempts > before + 3)
      expect((await readAll(kept.journal.reader(STREAM)!)).data.map(hexOf)).toEqual(hexes(0, 30))
      files.fail(undefined)
      await until(() => !kept.journal.failing)
      give(30, 40)
      expect(await failing(kept)).toBe(0)
      expect(await lost(kept)).toBe(0)
    }
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1)
    expect(lines.filter(({ message }) => message.includes('again'))).toHaveLength(1)
    await using kept = await keep(folder.path)
    const answer = await readAll(kept.journal.reader(STREAM)!)
    expect(answer.data.map(hexOf)).toEqual(hexes(0, 40))
    expect(verdictAt(answer, slot(9) + 1)).toBe('never-produced')
  })

  it('costs what memory has no room for, says lost of it, and of nothing else', async () => {
    using folder = temporaryFolder()
    const files = troubledFiles()
    const ask = async (kept: Kept): Promise<void> => {
      const answer = await readAll(kept.journal.reader(STREAM)!)
      const have = new Set(answer.data.map(hexOf))
      const missing = Array.from({ length: 3000 }, (_, n) => n).filter((n) => !have.has(hexOf(frameAt(slot(n)))))
      expect(missing.length).toBeGreaterThan(500)
      expect(missing[0]).toBeGreaterThan(100)
      expect(missing.at(-1)).toBeLessThan(2800)
      expect(new Set(missing.map((n) => verdictAt(answer, slot(n))))).toEqual(new Set(['lost write-failed']))
      expect(verdictAt(answer, slot(50) + 1)).toBe('never-produced')
      expect(verdictAt(answer, slot(2900) + 1)).toBe('never-produced')
    }
    {
      await using kept = await keep(folder.path, { files, maxMemoryBytes: 100_000, fillEveryMs: 20 })
      const give = writerOf(kept)
      give(0, 100)
      files.fail(code)
      give(100, 2500)
      await until(() => kept.journal.failing)
      expect(await lost(kept)).toBeGreaterThan(500)
      files.fail(undefined)
      await until(() => !kept.journal.failing)
      give(2800, 3000)
      await ask(kept)
    }
    await using kept = await keep(folder.path)
    await ask(kept)
  })

  it('keeps no journal from being opened: it begins by itself when it can', async () => {
    using folder = temporaryFolder()
    const files = troubledFiles()
    files.fail(code)
    await using kept = await keep(folder.path, { files, fillEveryMs: 20 })
    const give = writerOf(kept)
    give(0, 10)
    expect(kept.journal.failing).toBe(true)
    // Nobody may be told that there is no journal of it.
    await expect(kept.journal.reader(STREAM)!.read({ fromUs: 0, toUs: 1, maxBytes: 1 })).rejects.toMatchObject({
      code: 'JOURNAL_NOT_READY',
    })
    expect(await lost(kept)).toBe(10)
    files.fail(undefined)
    await until(() => !kept.journal.failing)
    give(10, 20)
    const answer = await readAll(kept.journal.reader(STREAM)!)
    expect(answer.data.map(hexOf)).toEqual(hexes(10, 20))
    expect(verdictAt(answer, slot(5))).toBe('lost write-failed')
  })
})

it('a disk that keeps its writers waiting holds up nobody else', async () => {
  using folder = temporaryFolder()
  const files = troubledFiles()
  {
    await using kept = await keep(folder.path, { files, fillEveryMs: 20 })
    const give = writerOf(kept)
    give(0, 10)
    files.stall(true)
    for (let n = 10; n < 1000; n++) {
      give(n, n + 1)
      if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await readAll(kept.journal.reader(STREAM)!, { fromUs: slot(500) })).data.length).toBe(500)
    files.stall(false)
  }
  await using kept = await keep(folder.path)
  expect((await readAll(kept.journal.reader(STREAM)!)).data.map(hexOf)).toEqual(hexes(0, 1000))
})

it('writes again elsewhere what a failed sync left in doubt', async () => {
  using folder = temporaryFolder()
  const files = troubledFiles()
  {
    await using kept = await keep(folder.path, { files, fillEveryMs: 20, settings: { syncDelayMs: 1 } })
    const give = writerOf(kept)
    give(0, 10)
    files.failSyncs('EIO')
    await until(() => kept.journal.failing)
    files.failSyncs(undefined)
    await until(() => !kept.journal.failing)
    give(10, 20)
  }
  await using kept = await keep(folder.path)
  expect((await readAll(kept.journal.reader(STREAM)!)).data.map(hexOf)).toEqual(hexes(0, 20))
})

describe.skipIf(needsRoot('mount').skip)(needsRoot('mount').title('a file system of one megabyte'), () => {
  it('that is smaller than the bound of bytes: the oldest go, and the newest are kept', async () => {
    using folder = temporaryFolder()
    const disk = join(folder.path, 'disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
    try {
      const { lines, log } = recordedLog()
      await using kept = await keep(join(disk, 'journal'), { log, fillEveryMs: 20, settings: { segmentBytes: 16_384 } })
      const give = writerOf(kept)
      const diskBytes = (): Promise<number> => metricSum(kept.deps.metrics, 'phasorbus_journal_disk_bytes')
      let n = 0
      while (n < 25_000) {
        const before = lastLog(join(disk, 'journal'))
        give(n, n + 500)
        n += 500
        await until(() => {
          give(n, ++n)
          return lastLog(join(disk, 'journal')) > before
        })
      }
      await until(async () => lines.some(({ message }) => message.includes('is full')) && !kept.journal.failing)
      give(n, n + 1)
      await until(async () => !kept.journal.failing && (await diskBytes()) > 0)
      const answer = await readAll(kept.journal.reader(STREAM)!, { fromUs: slot(n - 1000) })
      expect(answer.data.map(hexOf)).toEqual(hexes(n - 1000, n + 1))
      expect(await lost(kept)).toBe(0)
      expect(verdictAt(await readAll(kept.journal.reader(STREAM)!, { toUs: slot(10) }), slot(0))).toBe('expired')
      await kept[Symbol.asyncDispose]()
    } finally {
      execFileSync('umount', [disk])
    }
  })

  it('that fills up, and is read-only for a while: live goes on, and journaling when it can', async () => {
    using folder = temporaryFolder()
    const disk = join(folder.path, 'disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk])
    try {
      const path = join(disk, 'journal')
      {
        await using kept = await keep(path, { fillEveryMs: 20, maxMemoryBytes: 200_000 })
        const give = writerOf(kept)
        give(0, 500)
        await until(async () => (await metricSum(kept.deps.metrics, 'phasorbus_journal_disk_bytes')) > 0)
        const filler = join(disk, 'filler')
        for (let size = 1024 * 1024; size >= 1024; size /= 2) fillWith(filler, size)
        give(500, 4500)
        await until(() => kept.journal.failing)
        rmSync(filler)
        await until(() => !kept.journal.failing)
        give(4500, 4600)
        const answer = await readAll(kept.journal.reader(STREAM)!)
        const missing = Array.from({ length: 4600 }, (_, n) => n).filter((n) => verdictAt(answer, slot(n)) !== 'frame')
        expect(missing.length).toBeGreaterThan(0)
        expect(new Set(missing.map((n) => verdictAt(answer, slot(n))))).toEqual(new Set(['lost write-failed']))
      }
      execFileSync('mount', ['-o', 'remount,ro', disk])
      await using kept = await keep(path, { fillEveryMs: 20 })
      const give = writerOf(kept)
      give(5000, 5010)
      expect(kept.journal.failing).toBe(true)
      execFileSync('mount', ['-o', 'remount,rw', disk])
      await until(() => !kept.journal.failing)
      give(5010, 5020)
      const answer = await readAll(kept.journal.reader(STREAM)!, { fromUs: slot(4590) })
      expect(answer.data.map(hexOf)).toEqual([...hexes(4590, 4600), ...hexes(5010, 5020)])
      expect(verdictAt(answer, slot(5005))).toBe('lost write-failed')
      await kept[Symbol.asyncDispose]()
    } finally {
      execFileSync('umount', [disk])
    }
  })
})

describe('a disk that takes nothing', () => {
  const expired = (kept: Kept): Promise<number> =>
    metricSum(kept.deps.metrics, 'phasorbus_journal_expired_segments_total')

  it('costs no more memory for a configuration that changes all the time, and the frames that follow have theirs', async () => {
    using folder = temporaryFolder()
    const files = troubledFiles()
    await using kept = await keep(folder.path, { files, fillEveryMs: 20, maxMemoryBytes: 50_000 })
    const writer = kept.journal.stream(STREAM)
    const give = writerOf(kept)
    give(0, 10)
    files.fail('EIO')
    for (let n = 0; n < 2000; n++) writer.configuration([config2Of(n)])
    await until(() => kept.journal.failing)
    const dropped = 'phasorbus_journal_dropped_configurations_total'
    expect(await metricSum(kept.deps.metrics, 'phasorbus_journal_memory_bytes')).toBeLessThanOrEqual(50_000)
    expect(await metricSum(kept.deps.metrics, dropped)).toBeGreaterThan(1500)
    files.fail(undefined)
    await until(() => !kept.journal.failing)
    writer.data(frameAt(slot(10)))
    const { frames } = await readAll(kept.journal.reader(STREAM)!)
    expect(frames.map(hexOf)).toEqual([config2, ...hexes(0, 10), config2Of(1999), ...hexes(10, 11)].map(orHex))
  })

  it('lets go of what is too old nevertheless', async () => {
    using folder = temporaryFolder()
    const files = troubledFiles()
    const clock = { us: slot(0) }
    const settings = { maxAgeDays: 1, segmentBytes: 4096 }
    await using kept = await keep(folder.path, { files, utcUs: () => clock.us, fillEveryMs: 20, settings })
    const give = writerOf(kept)
    give(0, 200)
    await until(async () => (await metricSum(kept.deps.metrics, 'phasorbus_journal_disk_bytes')) > 0)
    files.fail('EIO')
    give(200, 201)
    await until(() => kept.journal.failing)
    expect(await expired(kept)).toBe(0)
    clock.us += 2 * 86_400_000_000
    await until(async () => (await expired(kept)) > 1)
    expect(kept.journal.failing).toBe(true)
    files.fail(undefined)
  })

  it('keeps for its readers what it cannot let go of', async () => {
    using folder = temporaryFolder()
    const files = troubledFiles()
    const clock = { us: slot(0) }
    const settings = { maxAgeDays: 1, segmentBytes: 4096 }
    await using kept = await keep(folder.path, { files, utcUs: () => clock.us, fillEveryMs: 20, settings })
    const give = writerOf(kept)
    give(0, 200)
    await until(async () => (await metricSum(kept.deps.metrics, 'phasorbus_journal_disk_bytes')) > 0)
    files.fail({ code: 'EROFS', calls: ['unlink'] })
    clock.us += 2 * 86_400_000_000
    await until(() => kept.journal.failing)
    expect((await readAll(kept.journal.reader(STREAM)!)).data.map(hexOf)).toEqual(hexes(0, 200))
    files.fail(undefined)
    await until(async () => (await expired(kept)) > 1)
    await until(() => !kept.journal.failing)
  })
})

const orHex = (frame: Uint8Array | string): string => (typeof frame === 'string' ? frame : hexOf(frame))

const lastLog = (folder: string): number =>
  Math.max(...readdirSync(folder).map((name) => Number(/^commit-(\d+)/.exec(name)?.[1] ?? 0)))

/** More bytes into a file until there is no room for them. */
function fillWith(file: string, size: number): void {
  try {
    for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' })
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' })
  }
}
