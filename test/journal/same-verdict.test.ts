import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { AbsentRange } from '../../src/streams/index.ts'
import { Happening, History, HOUR_US } from './support/history.ts'
import { STREAM, slot, temporaryFolder } from './support/kept.ts'

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
