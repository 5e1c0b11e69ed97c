import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { config2 } from '../support/blue-pmu.ts'
import { metricSum } from '../support/metric-sum.ts'
import { until } from '../support/until.ts'
import { frameAt, hexOf, type Kept, keep, readAll, STREAM, slot, temporaryFolder, verdictAt } from './support/kept.ts'
import { copyTree } from './support/recorded-files.ts'
import { troubledFiles } from './support/troubled-files.ts'

const OTHER = 'area/secondary-station/1/PMU/2'
const ofOther = { code: 'EIO', of: (path: string) => path.includes('/PMU/2') }

const lost = (kept: Kept): Promise<number> =>
  metricSum(kept.deps.metrics, 'phasorbus_journal_lost_frames_total', { reason: 'write-failed' })
const logsIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.log'))
const hexes = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => hexOf(frameAt(slot(from + n))))

const lastLog = (folder: string): number => Math.max(...logsIn(folder).map((name) => Number(/\d+/.exec(name)![0])))

function give(kept: Kept, topic: string, from: number, to: number): void {
  const writer = kept.journal.stream(topic)
  writer.configuration([config2])
  for (let n = from; n < to; n++) writer.data(frameAt(slot(n)))
}

/** So many that memory has room for them, and more until the next log is begun. */
async function giveSome(kept: Kept, folder: string, from: number): Promise<number> {
  const before = lastLog(folder)
  let to = from + 200
  give(kept, STREAM, from, to)
  await until(() => {
    give(kept, STREAM, to, ++to)
    return lastLog(folder) > before
  })
  return to
}

describe('a stream whose files fail', () => {
  it('costs no other stream a frame, and none of its own once they work', async () => {
    using folder = temporaryFolder()
    using left = temporaryFolder()
    const files = troubledFiles()
    await using kept = await keep(folder.path, {
      files,
      fillEveryMs: 20,
      maxMemoryBytes: 100_000,
      settings: { writeDelayMs: 0 },
    })
    files.fail(ofOther)
    give(kept, OTHER, 0, 10)
    let count = 0
    while (count < 4000) count = await giveSome(kept, folder.path, count)
    expect(await lost(kept)).toBe(0)
    expect(kept.journal.failing).toBe(true)
    await until(() => logsIn(folder.path).length > 2)
    copyTree(folder.path, left.path)
    files.fail(undefined)
    await until(() => !kept.journal.failing && logsIn(folder.path).length === 1)
    give(kept, OTHER, 10, 20)
    for (const [topic, frames] of [
      [STREAM, count],
      [OTHER, 20],
    ] as const) {
      expect((await readAll(kept.journal.reader(topic)!)).data.map(hexOf)).toEqual(hexes(0, frames))
    }
    await using killed = await keep(left.path)
    expect((await readAll(killed.journal.reader(OTHER)!)).data.map(hexOf)).toEqual(hexes(0, 10))
    expect((await readAll(killed.journal.reader(STREAM)!)).data.map(hexOf)).toEqual(hexes(0, count))
  })

  it('is given up when the logs that wait for it take their share of the disk, and its loss is recorded', async () => {
    using folder = temporaryFolder()
    using left = temporaryFolder()
    const files = troubledFiles()
    const ask = async (other: Kept): Promise<void> => {
      const answer = await readAll(other.journal.reader(OTHER)!)
      expect(answer.data.map(hexOf)).toEqual([...hexes(0, 10), ...hexes(20, 30)])
      expect([9, 10, 15, 19, 20].map((n) => verdictAt(answer, slot(n)))).toEqual([
        'frame',
        'lost write-failed',
        'lost write-failed',
        'lost write-failed',
        'frame',
      ])
    }
    {
      await using kept = await keep(folder.path, {
        files,
        fillEveryMs: 20,
        maxMemoryBytes: 200_000,
        settings: { maxBytes: 1024 * 1024 },
      })
      give(kept, OTHER, 0, 10)
      await until(() => lastLog(folder.path) === 2 && logsIn(folder.path).length === 1)
      files.fail(ofOther)
      give(kept, OTHER, 10, 20)
      for (let n = 0; (await lost(kept)) === 0; ) n = await giveSome(kept, folder.path, n)
      expect(await lost(kept)).toBe(10)
      expect(kept.journal.failing).toBe(true)
      // What was written is behind it, and what is held begins anew.
      await until(() => logsIn(folder.path).length < 4)
      copyTree(folder.path, left.path)
      files.fail(undefined)
      await until(() => !kept.journal.failing)
      give(kept, OTHER, 20, 30)
      await ask(kept)
    }
    await using kept = await keep(folder.path)
    await ask(kept)
    await using killed = await keep(left.path)
    const answer = await readAll(killed.journal.reader(OTHER)!)
    expect(answer.data.map(hexOf)).toEqual(hexes(0, 10))
    expect(verdictAt(answer, slot(15))).toBe('lost write-failed')
  })
})
