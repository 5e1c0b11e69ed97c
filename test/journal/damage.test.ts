import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { config2, config2Of } from '../support/blue-pmu.ts'
import { metricSum } from '../support/metric-sum.ts'
import { until } from '../support/until.ts'
import {
  frameAt,
  hexOf,
  keep,
  PERIOD_US,
  readAll,
  STREAM,
  slot,
  T0,
  temporaryFolder,
  verdictAt,
} from './support/kept.ts'
import { copyTree } from './support/recorded-files.ts'

/** Slots that the source skipped. */
const skipped = new Set([33, 34, 170, 288])
const FRAMES = 300

/** Closed, or as a kill leaves it: segments filled in part, and a log. */
async function journal(root: string, closed: boolean): Promise<void> {
  using folder = temporaryFolder()
  await using kept = await keep(folder.path, {
    utcUs: () => slot(FRAMES),
    settings: { writeDelayMs: 0, segmentBytes: 8192 },
    fillEveryMs: 5,
  })
  const writer = kept.journal.stream(STREAM)
  writer.configuration([config2])
  for (let n = 0; n < FRAMES; n++) {
    if (!skipped.has(n)) writer.data(frameAt(slot(n)))
    if (n === 100) writer.configuration([config2Of(90)])
    // Some of it is in segments, what came last in the log alone.
    if (n === 220) await until(async () => (await metricSum(kept.deps.metrics, 'phasorbus_journal_disk_bytes')) > 0)
  }
  if (!closed) copyTree(folder.path, root)
  await kept[Symbol.asyncDispose]()
  if (closed) copyTree(folder.path, root)
}

function filesBelow(root: string, path = ''): string[] {
  return readdirSync(join(root, path)).flatMap((name) => {
    const found = join(path, name)
    return statSync(join(root, found)).isDirectory() ? filesBelow(root, found) : [found]
  })
}

const given = Array.from({ length: FRAMES }, (_, n) => n)
  .filter((n) => !skipped.has(n))
  .map((n) => hexOf(frameAt(slot(n))))

/** What nothing that happens to the files may change. */
async function expectHonest(root: string): Promise<{ readonly missing: number }> {
  await using kept = await keep(root, { utcUs: () => slot(FRAMES) + 60_000_000, settings: { writeDelayMs: 0 } })
  const reader = kept.journal.reader(STREAM)
  if (!reader) return { missing: given.length }
  const answer = await readAll(reader, { fromUs: slot(-50), toUs: slot(FRAMES + 50) })
  const have = answer.data.map(hexOf)
  // Frames that were given, in their order, each once.
  const at = have.map((hex) => given.indexOf(hex))
  expect(at).not.toContain(-1)
  expect(at).toEqual(at.toSorted((a, b) => a - b))
  expect(new Set(have).size).toBe(have.length)
  for (let n = 0; n < FRAMES; n++) {
    if (skipped.has(n) || have.includes(hexOf(frameAt(slot(n))))) continue
    // It was received: whatever else is said, not that the source skipped it.
    expect([n, verdictAt(answer, slot(n))]).not.toEqual([n, 'never-produced'])
    expect(verdictAt(answer, slot(n))).toBeDefined()
  }
  return { missing: given.length - have.length }
}

type Damage = (bytes: Buffer, offset: number, length: number) => Buffer

const damages: Readonly<Record<string, Damage>> = {
  'cut off': (bytes, offset) => bytes.subarray(0, offset),
  'full of zeros from there on': (bytes, offset) => Buffer.from(bytes).fill(0, offset),
  'zeroed in the middle': (bytes, offset, length) =>
    Buffer.from(bytes).fill(0, offset, Math.min(offset + length, bytes.length)),
  'with a bit changed': (bytes, offset, length) => {
    const changed = Buffer.from(bytes)
    if (offset < bytes.length) changed.writeUInt8(bytes.readUInt8(offset) ^ (1 << (length % 8)), offset)
    return changed
  },
  'with noise in it': (bytes, offset, length) => {
    const changed = Buffer.from(bytes)
    for (let at = offset; at < Math.min(offset + length, bytes.length); at++) changed[at] = (at * 167 + length) & 0xff
    return changed
  },
}

describe.each([
  ['closed', true],
  ['killed', false],
] as const)('a journal that was %s', (_, closed) => {
  describe.each(Object.entries(damages))('with a file %s', (_name, damage) => {
    it('says of no frame that was received that it was never produced, gives none that was not, and none twice', async () => {
      using original = temporaryFolder()
      await journal(original.path, closed)
      const files = filesBelow(original.path).filter((file) => file !== 'journal.version')
      expect(files.filter((file) => file.endsWith('.log')).length > 0).toBe(!closed)
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 300 }), async (which, where, length) => {
          const file = files[which % files.length]!
          using folder = temporaryFolder()
          copyTree(original.path, folder.path)
          const bytes = readFileSync(join(folder.path, file))
          writeFileSync(join(folder.path, file), damage(bytes, bytes.length === 0 ? 0 : where % bytes.length, length))
          await expectHonest(folder.path)
          // What was found, and what was finished: the next run sees the same.
          await expectHonest(folder.path)
        }),
        { numRuns: 12 },
      )
    }, 120_000)
  })

  it('and any one file of it gone: the same', async () => {
    using original = temporaryFolder()
    await journal(original.path, closed)
    for (const file of filesBelow(original.path)) {
      using folder = temporaryFolder()
      copyTree(original.path, folder.path)
      rmSync(join(folder.path, file))
      await expectHonest(folder.path)
    }
  })
})

it('a damaged segment costs only its damaged frames, and the journal says which time they were of', async () => {
  using folder = temporaryFolder()
  await journal(folder.path, true)
  const segment = filesBelow(folder.path).find((file) => file.endsWith('-1.c37'))!
  const bytes = readFileSync(join(folder.path, segment))
  // The configuration, two frames apart from each other, and a stretch over three.
  for (const [offset, length] of [
    [20, 4],
    [134 + 54 * 5 + 20, 1],
    [134 + 54 * 9 + 20, 1],
    [134 + 54 * 20 + 50, 60],
  ] as const) {
    bytes.fill(0x55, offset, offset + length)
  }
  writeFileSync(join(folder.path, segment), bytes)
  await using kept = await keep(folder.path)
  const answer = await readAll(kept.journal.reader(STREAM)!)
  const lost = [5, 9, 20, 21, 22]
  expect(answer.data.map(hexOf)).toEqual(given.filter((_, n) => !lost.includes(n)))
  expect(lost.map((n) => verdictAt(answer, slot(n)))).toEqual(lost.map(() => 'lost damaged'))
  expect(verdictAt(answer, slot(4) + PERIOD_US / 2)).toBe('lost damaged')
  expect(verdictAt(answer, slot(3) + PERIOD_US / 2)).toBe('never-produced')
  expect(Buffer.from(answer.frames[0]!).toString('hex')).toBe(hexOf(config2))
  expect(await metricSum(kept.deps.metrics, 'phasorbus_journal_damaged_bytes_total')).toBeGreaterThan(0)
  expect(T0).toBe(slot(0))
})
