import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { completenessOf } from '../../src/historian/completeness.ts'
import { HotWriter } from '../../src/historian/hot-writer.ts'
import { Sealer } from '../../src/historian/sealer.ts'
import { Store } from '../../src/historian/store.ts'
import { SlotGrid } from '../../src/streams/index.ts'
import { testDeps } from '../support/deps.ts'

const HOUR_US = 3_600_000_000
const DAY_US = 24 * HOUR_US
const startUs = 1_699_999_200_000_000
const topic = 'area/secondary-station/1/PMU/1'
const grid = SlotGrid.of({ dataRate: 50, timeBase: 1_000_000 })!

it('gaps of long ago are listed as long as anything of their time is kept, the newest where they are many', async () => {
  const path = await mkdtemp(join(tmpdir(), 'phasorbus-stretches-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  const store = await Store.open(path, { memoryMiB: 256, threads: 1 })
  const deps = testDeps()
  const first = grid.slotFrom(startUs)
  const stretch = (from: number, to: number) => ({ grid, from: first + from, to: first + to })
  /** One in each minute of a day. */
  const gaps = Array.from({ length: 1440 }, (_, n) => ({
    ...stretch(3000 * n, 3000 * n + 5),
    why: 'lost' as const,
    reason: 'crash-window',
  }))
  const archived = [{ ...stretch(0, 3000 * 1440), why: 'expected' as const, reason: '' }, ...gaps]
  // Each stretch is told once, in whichever batch that is.
  const untold = [{ stream: 1, ledger: Uint8Array.of(0), archived }]
  const writer = await HotWriter.open(store, { ...deps, historian: 'h', held: () => untold.splice(0) })
  store.numberOf(topic, writer.batch)
  await writer.flush()
  const ask = (sinceUs: number) =>
    completenessOf(
      store,
      { topic, fromUs: startUs, toUs: startUs + DAY_US, parts: 24 },
      { ledger: undefined, archived: [], batch: writer.archivedOf(1).written, sinceUs },
    )
  const all = await ask(0)
  expect(all).toMatchObject({ expected: 4_320_000, held: 4_320_000 - 7200, missing: { lost: 7200 }, moreGaps: 440 })
  expect(all.reasons.lost).toEqual({ 'crash-window': 7200 })
  expect(all.parts.map(({ missing }) => missing.lost)).toEqual(Array(24).fill(300))
  expect(all.gaps.length).toBe(1000)
  expect(all.gaps.at(-1)).toEqual({
    fromUs: startUs + 1439 * 60e6,
    toUs: startUs + 1439 * 60e6 + 100_000,
    frames: 5,
    why: 'lost',
    reason: 'crash-window',
  })

  // Half of the day is gone.
  const sealer = await Sealer.open(store, { log: deps.log, historian: 'h' })
  await sealer.expire(startUs + 12 * HOUR_US + DAY_US, { frames: 1, seconds: 1, minutes: 0.5 })
  const half = await ask(startUs + 12 * HOUR_US)
  expect(half).toMatchObject({ expected: 2_160_000, missing: { lost: 3600 }, moreGaps: 0 })
  expect(half.parts.map(({ expected }) => expected)).toEqual([...Array(12).fill(0), ...Array(12).fill(180_000)])
  expect(half.gaps.length).toBe(720)
  expect(await ask(0)).toMatchObject({ missing: { lost: 3600 } })
  sealer.close()
  await writer.close()
  await store.close()
})
