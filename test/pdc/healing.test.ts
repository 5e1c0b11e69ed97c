import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { JournalSettings } from '../../src/config/journal.ts'
import { RecoverySettings } from '../../src/config/recovery.ts'
import { openJournal, startReplayServer } from '../../src/journal/index.ts'
import { type PdcConfig, startPdc } from '../../src/pdc/index.ts'
import { accountedFor, revisedTopic } from '../../src/streams/index.ts'
import { type TestDeps, testDeps } from '../support/deps.ts'
import { JournaledStreams, site, type TestStream } from '../support/journaled-streams.ts'
import { metricSum } from '../support/metric-sum.ts'
import { until } from '../support/until.ts'
import { type Archive, archiveOf } from './archive.ts'
import { settings } from './played.ts'

const node = (nodeId: string) => ({ area: 'area', locationType: 'secondary-station', locationId: '1', nodeId })
const recovery = RecoverySettings.parse({ closeAfterMs: 600_000 })
const output = { ...settings, staleUs: 600_000_000, silentUs: 5_000_000, settleUs: 50_000 }

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-pdc-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A PDC with a journal that answers, as one node. */
async function startNode(
  deps: TestDeps,
  line: JournaledStreams,
  nodeId: string,
  { inputs, idcode }: { readonly inputs: PdcConfig['inputs']; readonly idcode: number },
) {
  const folder = await temporaryFolder()
  const topic = `${site}/PDC/${nodeId}`
  const journal = deps.stops(await openJournal({ ...JournalSettings.parse({}), folder: join(folder, 'journal') }, deps))
  deps.stops(
    startReplayServer(
      { node: node(nodeId), bytesPerS: 100_000_000, streams: [topic, revisedTopic(topic)] },
      { ...deps, buses: [line.bus(`${nodeId}-replay`)], journal },
    ),
  )
  const pdc = deps.stops(
    startPdc(
      { id: nodeId, inputs, recovery, outputs: [{ ...output, id: nodeId, idcode, topic }] },
      {
        ...deps,
        bus: line.bus(nodeId),
        replayBus: line.bus(`${nodeId}-pull`),
        buses: [line.bus(nodeId)],
        node: `${site}/NODE/${nodeId}`,
        journal,
      },
    ),
  )
  await pdc.ready
  return { pdc, topic }
}

const isComplete = ({ present }: Archive, from: TestStream, first: number, last: number, pmus: number): boolean => {
  for (let n = first; n < last; n++) if (present.get(from.timeUs(n)) !== pmus) return false
  return true
}

describe('an instant of which something comes late', () => {
  it('is completed in the journals of all levels, and archives have it; nothing live is said again', async () => {
    await using deps = testDeps()
    const line = await JournaledStreams.start(deps)
    const site1 = await startNode(deps, line, 'site', { inputs: [{ streams: `${site}/PMU/#` }], idcode: 700 })
    const area = await startNode(deps, line, 'area', { inputs: [{ streams: site1.topic }], idcode: 800 })
    const archives = [site1.topic, area.topic].map((topic) =>
      archiveOf(deps, topic, { bus: line.bus('archive'), replayBus: line.bus('archive-pull') }, recovery),
    )
    line.accounts = () => site1.pdc.accounts()
    const streams = [1, 2].map((idcode) => line.stream(idcode).carriedBy('one')) as [TestStream, TestStream]
    const [whole, broken] = streams
    // The site's PDC has its configuration before frames come.
    await until(
      async () => (await metricSum(deps.metrics, 'phasorbus_pdc_configurations_total', { output: 'site' })) > 0,
    )
    const both = (from: number, to: number): void => {
      for (let n = from; n < to; n++) for (const stream of streams) stream.live(n)
    }
    both(0, 10)
    await until(
      async () => (await metricSum(deps.metrics, 'phasorbus_pdc_configurations_total', { output: 'area' })) > 0,
    )
    both(10, 100)
    await until(() => archives.every(({ present }) => present.has(whole.timeUs(99))))
    for (let n = 100; n < 200; n++) whole.live(n)
    both(200, 300)
    await until(() => archives.every(({ present }) => present.has(whole.timeUs(299))))
    expect(archives.map(({ present }) => present.get(whole.timeUs(150)))).toEqual([1, 1])

    broken.journaled(0, 300)
    whole.journaled(0, 300)
    await until(() => archives.every((archive) => isComplete(archive, whole, 10, 300, 2)))
    expect(archives.every(({ revised }) => revised >= 100)).toBe(true)
    expect(broken.account).toMatchObject({ live: 200, late: 100, pending: 0 })
    for (const { account } of archives) {
      const of = account!
      expect(of.pending).toBe(0)
      expect(accountedFor(of)).toBe(of.expected)
    }
    expect(await metricSum(deps.metrics, 'phasorbus_pdc_revised_frames_total', { output: 'site' })).toBe(100)
    // Live, each instant was said once.
    expect(await metricSum(deps.metrics, 'phasorbus_pdc_frames_total', { output: 'site' })).toBe(300)
  })
})
