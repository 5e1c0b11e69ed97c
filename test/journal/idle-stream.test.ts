import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { config2 } from '../support/blue-pmu.ts'
import { metricSum } from '../support/metric-sum.ts'
import { recordedLog } from '../support/recorded-log.ts'
import { until } from '../support/until.ts'
import { frameAt, hexOf, type Kept, keep, readAll, STREAM, slot, temporaryFolder } from './support/kept.ts'

const diskBytes = (kept: Kept): Promise<number> => metricSum(kept.deps.metrics, 'phasorbus_journal_disk_bytes')
const HOUR_US = 3_600_000_000
const hexes = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => hexOf(frameAt(slot(from + n))))

describe('a stream of which nothing comes any more', () => {
  it('outlives its age no more than others', async () => {
    using folder = temporaryFolder()
    const clock = { us: slot(0) }
    const settings = { maxAgeDays: 1 }
    await using kept = await keep(folder.path, { utcUs: () => clock.us, fillEveryMs: 5, settings })
    const writer = kept.journal.stream(STREAM)
    writer.configuration([config2])
    for (let n = 0; n < 10; n++) writer.data(frameAt(slot(n)))
    writer.sessionEnded('LINK_SILENT')
    await until(async () => (await diskBytes(kept)) > 0)
    clock.us += 23 * HOUR_US
    expect((await readAll(kept.journal.reader(STREAM)!)).data.map(hexOf)).toEqual(hexes(0, 10))
    clock.us += 2 * HOUR_US
    await until(() => writer.span === undefined)
  })

  it('is closed with the journal, and goes on with it', async () => {
    using folder = temporaryFolder()
    const clock = { us: slot(0) }
    {
      await using kept = await keep(folder.path, { utcUs: () => clock.us, fillEveryMs: 5 })
      const writer = kept.journal.stream(STREAM)
      writer.configuration([config2])
      for (let n = 0; n < 10; n++) writer.data(frameAt(slot(n)))
      writer.sessionEnded('LINK_SILENT')
      await until(async () => (await diskBytes(kept)) > 0)
      clock.us += 30 * HOUR_US
      // Its index is written when it is closed.
      await until(() => readdirSync(join(folder.path, STREAM)).some((name) => name.endsWith('.index')))
    }
    clock.us += 30 * HOUR_US
    const { log, lines } = recordedLog()
    await using kept = await keep(folder.path, { log, utcUs: () => clock.us })
    expect(lines).toEqual([])
    const { data, absent } = await readAll(kept.journal.reader(STREAM)!, { fromUs: slot(0), toUs: clock.us })
    expect(data.map(hexOf)).toEqual(hexes(0, 10))
    expect(absent.map(({ reason }) => reason)).toEqual([undefined, 'LINK_SILENT', 'adapter-down'])
  })
})
