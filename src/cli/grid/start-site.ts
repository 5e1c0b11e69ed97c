import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pmu, Site } from '../../config/grid.ts'
import type { SourceConfig } from '../../config/source.ts'
import { type Journal, openJournal, startReplayServer } from '../../journal/index.ts'
import type { SharedInputs } from '../../link/index.ts'
import { type PdcAdapter, startPdcAdapter } from '../../pdc-adapter/index.ts'
import { startPmuAdapter } from '../../pmu-adapter/index.ts'
import { HeldFile } from '../../recovery/index.ts'
import type { ServiceDeps } from '../../runtime/service.ts'
import { nodeTopic } from '../../streams/index.ts'
import type { Keep, SiteBuses } from './open-buses.ts'
import type { SimulatedPmus } from './start-simulated-pmus.ts'

export interface SiteDeps extends ServiceDeps {
  readonly buses: SiteBuses
  readonly inputs: SharedInputs
  readonly simulated: SimulatedPmus
  readonly keep: Keep
}

export interface StartedServer {
  readonly id: string
  readonly adapter: PdcAdapter
}

/** One node of the bus: its servers first, so that its PMUs' first frames are served. */
export async function startSite(site: Site, deps: SiteDeps): Promise<readonly StartedServer[]> {
  const served: StartedServer[] = []
  for (const adapter of site.pdcAdapters) served.push(await startServer(site, adapter, deps))
  if (site.pmus.length > 0) await startProducers(site, deps)
  return served
}

async function startServer(site: Site, config: Site['pdcAdapters'][number], deps: SiteDeps): Promise<StartedServer> {
  const { buses, keep, log, metrics } = deps
  const { id, recovery } = config
  await mkdir(site.stateFolder, { recursive: true })
  const held = HeldFile.open(join(site.stateFolder, `held-${id}`), { consumer: id, ...recovery }, { log, metrics })
  const replayBus = buses.apart(`pull-${id}`).nearest()
  const adapter = startPdcAdapter(config, { ...deps, bus: buses.nearest, replayBus, held })
  keep({ done: adapter.done.finally(() => held.close()) })
  await (site.broker.kind === 'embedded' ? adapter.ready : adapter.server.listening)
  return { id, adapter }
}

/** PMU-adapter, its journal, and who answers from it. The journal outlives the adapter, whose last words it writes. */
async function startProducers(site: Site, deps: SiteDeps): Promise<void> {
  const { buses, keep, simulated } = deps
  const journalStop = new AbortController()
  const journal = site.journal && keep(await openJournal(site.journal, { ...deps, signal: journalStop.signal }))
  if (site.journal && journal) startAnswering(site, site.journal.replayBytesPerS, journal, deps)
  const pmus = site.pmus.map((pmu) => ({ topic: pmu.topic, source: sourceOf(pmu, simulated), live: pmu.live }))
  const adapter = startPmuAdapter(
    { pmus },
    { ...deps, buses: buses.each, node: nodeTopic(site), ...(journal && { journal }) },
  )
  keep({ done: adapter.done.finally(() => journalStop.abort()) })
}

function startAnswering({ area, nodeId, pmus }: Site, bytesPerS: number, journal: Journal, deps: SiteDeps): void {
  const streams = pmus.map(({ topic }) => topic)
  deps.keep(
    startReplayServer(
      { area, nodeId, bytesPerS, streams },
      { ...deps, buses: deps.buses.apart('replay').each(), journal },
    ),
  )
}

function sourceOf({ source, session }: Pmu, simulated: SimulatedPmus): SourceConfig {
  return { ...session, transport: source.kind === 'simulated' ? simulated.transportOf(session.idcode) : source }
}
