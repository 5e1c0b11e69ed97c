import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { completenessOf } from '../../src/historian/completeness.ts'
import { HotWriter } from '../../src/historian/hot-writer.ts'
import { Store } from '../../src/historian/store.ts'
import { StoreHeld } from '../../src/historian/store-held.ts'
import { type MissingWhy, SlotGrid } from '../../src/streams/index.ts'
import { frameAt, usOf } from '../streams/slot-frames.ts'
import { testDeps } from '../support/deps.ts'

const T0 = 1_700_000_000
/** So few that most of what is missing is soon only in the store. */
const settings = { maxGaps: 2, staleAfterMs: 1e9 }
const verdicts = ['never-produced', 'not-received', 'lost'] as const
const rates = [50, 10, 60, 25] as const

/** One second of a stream: frames, or none, which is why. */
const second = fc.record({
  rate: fc.constantFrom(...rates),
  /** Slots from, to: without a frame. */
  gap: fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 20 })),
  why: fc.constantFrom(...verdicts),
  reason: fc.constantFrom('silent', 'offline'),
  isWritten: fc.boolean(),
})
const asked = fc.record({
  from: fc.integer({ min: -2_000_000, max: 30_000_000 }),
  length: fc.integer({ min: 1, max: 40_000_000 }),
  parts: fc.integer({ min: 1, max: 50 }),
})

interface Slot {
  readonly us: number
  readonly why: MissingWhy | 'held'
}

async function opened(path: string) {
  const store = await Store.open(path, { memoryMiB: 256, threads: 1 })
  const deps = testDeps()
  const held = await StoreHeld.open(store, settings, deps.log)
  const writer = await HotWriter.open(store, { ...deps, historian: 'h', held: () => held.snapshot(true) })
  return { store, held, writer }
}

describe('completeness', () => {
  it('counts in each part what is held and why the rest is not, as it was told slot by slot; over restarts', async () => {
    const path = await mkdtemp(join(tmpdir(), 'phasorbus-completeness-'))
    onTestFinished(() => rm(path, { recursive: true, force: true }))
    let { store, held, writer } = await opened(path)
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(second, { minLength: 5, maxLength: 40, size: 'max' }),
        asked,
        fc.boolean(),
        async (seconds, period, isRestarted) => {
          const topic = `area/secondary-station/1/PMU/${++run}`
          store.numberOf(topic, writer.batch)
          const ledger = held.ledger(topic)
          const slots: Slot[] = []
          for (const [n, { rate, gap, why, reason, isWritten }] of seconds.entries()) {
            const grid = { dataRate: rate, timeBase: 1_000_000 }
            const of = SlotGrid.of(grid)!
            ledger.configuration(grid)
            for (let index = 0; index < rate; index++) {
              const us = usOf(grid, T0 + n, index)
              // The first and the last of a second are there: the next second may have another rate.
              const isMissing = index >= gap[0] && index < Math.min(gap[0] + gap[1], rate - 1)
              slots.push({ us: of.microsecondsOf(of.slotNear(us)), why: isMissing ? why : 'held' })
              if (isMissing) continue
              expect(ledger.live(frameAt(grid, T0 + n, index), us)).toBe('fresh')
              ledger.take()
            }
            ledger.absent([{ fromUs: (T0 + n) * 1e6, toUs: (T0 + n + 1) * 1e6, verdict: why, reason }])
            held.absent(topic, [])
            if (isWritten) await writer.flush()
          }
          if (isRestarted) {
            await writer.close()
            await store.close()
            ;({ store, held, writer } = await opened(path))
          }
          const [fromUs, toUs] = [T0 * 1e6 + period.from, T0 * 1e6 + period.from + period.length]
          const { written, writing } = writer.archivedOf(store.streamOf(topic))
          const found = await completenessOf(
            store,
            { topic, fromUs, toUs, parts: period.parts },
            { ledger: held.find(topic), archived: [...writing, ...held.archivedOf(topic)], batch: written, sinceUs: 0 },
          )
          const parts = found.parts.map((part) => slots.filter(({ us }) => us >= part.fromUs && us < part.toUs))
          expect(found.parts.map(({ expected }) => expected)).toEqual(parts.map((of) => of.length))
          expect(found.parts.map(({ held: count }) => count)).toEqual(
            parts.map((of) => of.filter(({ why }) => why === 'held').length),
          )
          for (const why of [...verdicts, 'pending'] as const)
            expect(found.parts.map(({ missing }) => missing[why])).toEqual(
              parts.map((of) => of.filter((slot) => slot.why === why).length),
            )
          expect([found.parts[0]!.fromUs, found.parts.at(-1)!.toUs]).toEqual([fromUs, toUs])
          const whole = slots.filter(({ us }) => us >= fromUs && us < toUs)
          expect([found.expected, found.held]).toEqual([whole.length, whole.filter(({ why }) => why === 'held').length])
          const listed = found.gaps.flatMap((gap) =>
            slots.filter(({ us }) => us >= gap.fromUs && us < gap.toUs).map(({ us }) => ({ us, why: gap.why })),
          )
          expect(found.moreGaps).toBe(0)
          expect(listed).toEqual(whole.filter(({ why }) => why !== 'held'))
          expect(found.gaps.reduce((sum, { frames }) => sum + frames, 0)).toBe(listed.length)
        },
      ),
      { numRuns: 40 },
    )
    const [[count] = []] = await store.reader.rows(`select count(*) from stretches where why <> 'expected'`)
    expect(Number(count)).toBeGreaterThan(50)
    await writer.close()
    await store.close()
  })
})
