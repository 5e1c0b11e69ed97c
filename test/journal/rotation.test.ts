import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemFiles } from '../../src/journal/index.ts'
import { encodeJson, encodeRecord, HEAD_SIZE, headOf, LOG_MAGIC, LogKind } from '../../src/journal/log-entry.ts'
import { config2 } from '../support/blue-pmu.ts'
import { until } from '../support/until.ts'
import { frameAt, hexOf, keep, readAll, STREAM, slot, temporaryFolder, verdictAt } from './support/kept.ts'
import { copyTree } from './support/recorded-files.ts'

const OTHER = 'area/secondary-station/1/PMU/2'
const hexes = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => hexOf(frameAt(slot(from + n))))

/** Tells of each log that is made, before it is there, and counts those that went. */
function watchedLogs() {
  const watch = { made: (): void => {}, gone: 0 }
  const files = {
    ...systemFiles,
    async open(path: string, write: boolean) {
      if (write && path.endsWith('.log')) watch.made()
      return await systemFiles.open(path, write)
    },
    async unlink(path: string) {
      await systemFiles.unlink(path)
      if (path.endsWith('.log')) watch.gone++
    },
  }
  return { watch, files }
}

describe('a log that goes', () => {
  it('leaves in segments what came to it while the next one was made, of a stream that was idle until then', async () => {
    using folder = temporaryFolder()
    using left = temporaryFolder()
    const { watch, files } = watchedLogs()
    await using kept = await keep(folder.path, { files, fillEveryMs: 20, settings: { writeDelayMs: 0 } })
    const [idle, busy] = [kept.journal.stream(OTHER), kept.journal.stream(STREAM)]
    for (const writer of [idle, busy]) writer.configuration([config2])
    for (let n = 0; n < 10; n++) idle.data(frameAt(slot(n)))
    await until(() => watch.gone === 1)
    watch.made = () => {
      watch.made = () => {}
      for (let n = 10; n < 15; n++) idle.data(frameAt(slot(n)))
    }
    busy.data(frameAt(slot(0)))
    await until(() => watch.gone === 2)
    for (let n = 15; n < 20; n++) idle.data(frameAt(slot(n)))
    copyTree(folder.path, left.path)
    await using next = await keep(left.path)
    expect((await readAll(next.journal.reader(OTHER)!)).data.map(hexOf)).toEqual(hexes(0, 20))
  })
})

/** A log of frames of a stream, that does not say where its segments ended. */
function logWithoutBase(from: number, to: number): Uint8Array {
  const name = encodeRecord(LogKind.stream, 1, encodeJson({ stream: STREAM, base: null }))
  const head = new Uint8Array(HEAD_SIZE)
  new DataView(head.buffer).setUint32(0, headOf(LogKind.frame, 1))
  const frames = Array.from({ length: to - from }, (_, n) => [head, frameAt(slot(from + n))]).flat()
  return Buffer.concat([LOG_MAGIC, name, name, ...frames])
}

describe('a log that does not say where the segments ended', () => {
  /** The first ten frames in a segment, and such a log beside it. */
  async function killedWith(root: string, log: Uint8Array, closed: boolean): Promise<Map<string, Buffer>> {
    using folder = temporaryFolder()
    const { watch, files } = watchedLogs()
    await using kept = await keep(folder.path, { files, fillEveryMs: 20 })
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    for (let n = 0; n < 10; n++) writer.data(frameAt(slot(n)))
    await until(() => watch.gone === 1)
    if (closed) await kept[Symbol.asyncDispose]()
    copyTree(folder.path, root)
    for (const name of readdirSync(root)) if (name.endsWith('.log')) writeFileSync(join(root, name), log)
    if (closed) writeFileSync(join(root, 'commit-00000002.log'), log)
    const segments = join(root, STREAM)
    return new Map(readdirSync(segments).map((name) => [name, readFileSync(join(segments, name))]))
  }

  function expectGrown(root: string, before: ReadonlyMap<string, Buffer>): void {
    for (const [name, bytes] of before) {
      const now = readFileSync(join(root, STREAM, name))
      expect(now.subarray(0, bytes.length).toString('hex')).toBe(bytes.toString('hex'))
    }
  }

  it('is added behind the end of the open segment, and what came in between is known to be lost', async () => {
    using folder = temporaryFolder()
    const before = await killedWith(folder.path, logWithoutBase(12, 17), false)
    for (let run = 0; run < 2; run++) {
      await using kept = await keep(folder.path)
      const answer = await readAll(kept.journal.reader(STREAM)!)
      expect(answer.data.map(hexOf)).toEqual([...hexes(0, 10), ...hexes(12, 17)])
      expect(verdictAt(answer, slot(11))).toBe('lost damaged')
      expect(verdictAt(answer, slot(9) - 1)).toBe('never-produced')
    }
    expectGrown(folder.path, before)
  })

  it('gives nothing twice that is in the segment already', async () => {
    using folder = temporaryFolder()
    const before = await killedWith(folder.path, logWithoutBase(6, 17), false)
    await using kept = await keep(folder.path)
    expect((await readAll(kept.journal.reader(STREAM)!)).data.map(hexOf)).toEqual(hexes(0, 17))
    await kept[Symbol.asyncDispose]()
    expectGrown(folder.path, before)
  })

  it('begins a segment of its own where the last one was closed', async () => {
    using folder = temporaryFolder()
    const before = await killedWith(folder.path, logWithoutBase(12, 17), true)
    {
      await using kept = await keep(folder.path)
      expect((await readAll(kept.journal.reader(STREAM)!)).data.map(hexOf)).toEqual(hexes(0, 10))
    }
    expectGrown(folder.path, before)
    const names = readdirSync(join(folder.path, STREAM))
    expect(names.filter((name) => name.endsWith('-2.c37'))).toHaveLength(1)
  })
})
