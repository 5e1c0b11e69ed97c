import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { config2, config2Of } from '../support/blue-pmu.ts'
import { until } from '../support/until.ts'
import { frameAt, hexOf, keep, readAll, STREAM, slot, temporaryFolder } from './support/kept.ts'
import { type Change, recordFiles, treeAfter, treeAfterPowerCut, writeTree } from './support/recorded-files.ts'

const OTHER = 'area/secondary-station/1/PMU/2'

/** A run of a journal: every change of its folder, and which frames were given before each. */
async function recordedRun(writeDelayMs: number): Promise<{
  readonly changes: readonly Change[]
  /** By stream: hex of each frame, and after how many changes it was given. */
  readonly given: ReadonlyMap<string, readonly { readonly hex: string; readonly after: number }[]>
}> {
  using folder = temporaryFolder()
  const files = recordFiles(folder.path)
  const given = new Map([STREAM, OTHER].map((topic) => [topic, [] as { hex: string; after: number }[]]))
  {
    await using kept = await keep(folder.path, {
      files,
      fillEveryMs: 5,
      settings: { writeDelayMs, segmentBytes: 4096 },
    })
    const writers = [STREAM, OTHER].map((topic) => kept.journal.stream(topic))
    for (const writer of writers) writer.configuration([config2])
    for (let n = 0; n < 400; n++) {
      const topic = n % 5 === 4 ? OTHER : STREAM
      const writer = writers[topic === STREAM ? 0 : 1]!
      // Every tenth is the very same frame again.
      const frame = frameAt(slot(n - (n % 10 === 8 ? 1 : 0)), topic === STREAM ? 1 : 2)
      given.get(topic)!.push({ hex: hexOf(frame), after: files.changes.length })
      writer.data(frame)
      if (n === 130) writer.sessionEnded('LINK_SILENT')
      if (n === 210) writers[0]!.configuration([config2Of(90)])
      if (n % 20 === 19) {
        const before = files.changes.length
        await until(() => files.changes.length > before + 4)
      }
    }
  }
  return { changes: files.changes, given }
}

/** Opens what a kill left, and reads it all. */
async function recovered(folder: string): Promise<Map<string, string[]>> {
  await using kept = await keep(folder)
  const answers = new Map<string, string[]>()
  for (const topic of [STREAM, OTHER]) {
    const reader = kept.journal.reader(topic)
    answers.set(topic, reader ? (await readAll(reader)).data.map(hexOf) : [])
  }
  return answers
}

/** Of the frames given, in order, none changed and none twice: up to one of them, at least to `least`. */
function expectBeginning(have: readonly string[], given: readonly { readonly hex: string }[], least: number): void {
  expect(have).toEqual(given.slice(0, have.length).map(({ hex }) => hex))
  expect(have.length).toBeGreaterThanOrEqual(least)
}

/** How many frames of a stream were written to a log within these changes. */
function loggedWithin(changes: readonly Change[], given: readonly { readonly hex: string }[]): number {
  const logged = Buffer.concat(
    changes.flatMap((change) => (change.what === 'write' && change.path.endsWith('.log') ? [change.bytes] : [])),
  ).toString('hex')
  let at = 0
  let count = 0
  for (const { hex } of given) {
    const found = logged.indexOf(hex, at)
    if (found === -1) break
    at = found + hex.length
    count++
  }
  return count
}

describe.each([
  ['in batches', 10],
  ['each frame at once', 0],
])('a journal that writes %s', (_, writeDelayMs) => {
  it('loses nothing that it handed to the system and doubles nothing, killed after any change of its folder', async () => {
    const { changes, given } = await recordedRun(writeDelayMs)
    expect(changes.filter(({ what, path }) => what === 'unlink' && path.endsWith('.log')).length).toBeGreaterThan(2)
    expect(changes.some(({ path }) => /-2\.c37$/.test(path))).toBe(true)
    for (let count = 0; count <= changes.length; count += 9) {
      using folder = temporaryFolder()
      writeTree(folder.path, treeAfter(changes, count))
      const have = await recovered(folder.path)
      for (const [topic, frames] of given) {
        expectBeginning(have.get(topic)!, frames, loggedWithin(changes.slice(0, count), frames))
      }
    }
  }, 120_000)

  it('the same when killed within a write, and again while it recovers', async () => {
    const { changes, given } = await recordedRun(writeDelayMs)
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.nat(), async (where, within, again) => {
        const count = 1 + (where % changes.length)
        const last = changes[count - 1]!
        const bytes = last.what === 'write' ? within % (last.bytes.length + 1) : 0
        using folder = temporaryFolder()
        const tree = treeAfter(changes, count, bytes)
        writeTree(folder.path, tree)
        const least = (frames: readonly { readonly hex: string }[]): number =>
          loggedWithin(changes.slice(0, count - 1), frames)

        const files = recordFiles(folder.path)
        await (await keep(folder.path, { files }))[Symbol.asyncDispose]()
        using second = temporaryFolder()
        writeTree(second.path, tree)
        replay(second.path, tree, files.changes.slice(0, again % (files.changes.length + 1)))
        const have = await recovered(second.path)
        for (const [topic, frames] of given) expectBeginning(have.get(topic)!, frames, least(frames))
      }),
      { numRuns: 20 },
    )
  }, 120_000)

  it('keeps what was synced when the power is cut at any moment', async () => {
    const { changes, given } = await recordedRun(writeDelayMs)
    for (let count = 0; count <= changes.length; count += 15) {
      using folder = temporaryFolder()
      writeTree(folder.path, treeAfterPowerCut(changes, count))
      const synced = changes.slice(0, count).filter(({ what, path }, i) => {
        return what === 'write' && changes.slice(i, count).some((later) => later.what === 'sync' && later.path === path)
      })
      const have = await recovered(folder.path)
      for (const [topic, frames] of given) expectBeginning(have.get(topic)!, frames, loggedWithin(synced, frames))
    }
  }, 120_000)
})

/** Changes on top of a tree. */
function replay(root: string, tree: ReadonlyMap<string, Buffer>, changes: readonly Change[]): void {
  const created: Change[] = [...tree].flatMap(([path, bytes]) => [
    { what: 'create', path } as const,
    { what: 'write', path, position: 0, bytes } as const,
  ])
  const all = [...created, ...changes]
  for (const path of tree.keys()) rmSync(join(root, path))
  writeTree(root, treeAfter(all, all.length))
}
