import { describe, expect, it } from 'vitest'
import { startApi } from '../../src/api/index.ts'
import { deferred } from '../../src/runtime/deferred.ts'
import { testDeps } from '../support/deps.ts'
import { historianOn } from '../support/historian-on.ts'
import { until } from '../support/until.ts'
import { emptyApi, spanOf } from './api-on.ts'
import { DescribedApi } from './described.ts'

interface Counts {
  readonly expected: number
  readonly held: number
  readonly never_produced: number
  readonly not_received: number
  readonly lost: number
  readonly pending: number
}

interface Completeness extends Counts {
  readonly parts: readonly (Counts & { readonly from_us: number; readonly to_us: number })[]
  readonly gaps: readonly object[]
  readonly more_gaps: number
  readonly reasons: object
}

/** Every sum of the answer holds. */
async function asked(url: string, query: string): Promise<Completeness> {
  const found = await (await DescribedApi.at(url)).json<Completeness>(`completeness?${query}`)
  for (const counts of [found, ...found.parts]) {
    const { held, never_produced, not_received, lost, pending } = counts
    expect(held + never_produced + not_received + lost + pending).toBe(counts.expected)
  }
  return found
}

describe('completeness over the API', () => {
  it('says of each part what is held, and of each gap why; what heals is held; after a restart, too', async () => {
    await using lineDeps = testDeps()
    const deps = testDeps()
    const { line, pmu, url, path, stream, historian } = await emptyApi(deps, { lineDeps })
    const period = `${stream}&${spanOf(pmu, 0, 200)}&parts=4`
    // The journal has some of it, and says of the rest why not; but first it does not answer.
    const answers = deferred<void>()
    const journal = line.journal()
    journal.before = () => answers.promise
    journal.absent = [
      { fromUs: pmu.timeUs(70) - 1, toUs: pmu.timeUs(80) - 1, verdict: 'never-produced' },
      { fromUs: pmu.timeUs(120) - 1, toUs: pmu.timeUs(130) - 1, verdict: 'lost', reason: 'crash-window' },
    ]
    pmu.journaled(0, 70)
    pmu.live(0, 60)
    pmu.live(80, 120)
    pmu.live(130, 200)
    await until(() => pmu.account.live === 170)
    const before = await asked(url, period)
    expect(before).toMatchObject({ expected: 200, held: 170, pending: 30, never_produced: 0, more_gaps: 0 })
    expect(before.parts.map(({ held, pending }) => [held, pending])).toEqual([
      [50, 0],
      [30, 20],
      [40, 10],
      [50, 0],
    ])
    expect(before.gaps).toEqual([
      { from_us: pmu.timeUs(60), to_us: pmu.timeUs(80), frames: 20, why: 'pending', reason: null, detail: null },
      { from_us: pmu.timeUs(120), to_us: pmu.timeUs(130), frames: 10, why: 'pending', reason: null, detail: null },
    ])

    answers.resolve()
    await until(() => pmu.account.pending === 0 && pmu.account.late === 10)
    const after = await asked(url, period)
    expect(after).toMatchObject({
      expected: 200,
      held: 180,
      never_produced: 10,
      lost: 10,
      pending: 0,
      reasons: { lost: { 'crash-window': 10 }, not_received: {} },
      gaps: [
        {
          from_us: pmu.timeUs(70),
          to_us: pmu.timeUs(80),
          frames: 10,
          why: 'never-produced',
          reason: null,
          detail: null,
        },
        {
          from_us: pmu.timeUs(120),
          to_us: pmu.timeUs(130),
          frames: 10,
          why: 'lost',
          reason: 'crash-window',
          detail: 'killed before it was written',
        },
      ],
    })
    const early = `${stream}&from=${pmu.timeUs(0) - 5_000_000}&to=${pmu.timeUs(0)}`
    expect(await asked(url, early)).toMatchObject({ expected: 0, held: 0, gaps: [] })
    await historian.flush()
    await deps[Symbol.asyncDispose]()

    await using later = testDeps()
    const again = await historianOn(later, line, path)
    const { url: laterUrl } = later.stops(
      await startApi({ listen: { host: '127.0.0.1', port: 0 } }, { ...later, historian: again }),
    )
    expect(await asked(laterUrl, period)).toEqual(after)
  })

  it('follows the rate of each time', async () => {
    await using deps = testDeps()
    const { line, pmu, url, stream } = await emptyApi(deps)
    pmu.live(0, 100)
    const faster = line.stream(1, { dataRate: 100, fromSoc: pmu.timeUs(100) / 1e6 }).carriedBy('one')
    faster.live(0, 200)
    await until(() => pmu.account.live === 300)
    const fromUs = pmu.timeUs(0)
    const found = await asked(url, `${stream}&from=${fromUs}&to=${fromUs + 4_000_000}&parts=4`)
    expect(found.parts.map(({ expected }) => expected)).toEqual([50, 50, 100, 100])
    expect(found).toMatchObject({ expected: 300, held: 300 })
  })
})
