import { join } from 'node:path'
import { clientIdOf } from '../../bus/index.ts'
import type { Pmu, Site } from '../../config/grid.ts'
import type { SourceConfig } from '../../config/source.ts'
import { type Journal, openJournal, startReplayServer } from '../../journal/index.ts'
import type { SharedInputs } from '../../link/index.ts'
import { type PdcAdapter, startPdcAdapter } from '../../pdc-adapter/index.ts'
import { startPmuAdapter } from '../../pmu-adapter/index.ts'
import { HeldFile, type SessionSettings } from '../../recovery/index.ts'
import type { ServiceDeps } from '../../runtime/service.ts'
import { nodeTopic } from '../../streams/index.ts'
import type { NodeLock } from './lock-node.ts'
import { type EmbeddedBrokers, type Keep, openBuses, type SiteBuses } from './open-buses.ts'
import { SiteAccounts } from './site-accounts.ts'
import type { SimulatedPmus } from './start-simulated-pmus.ts'

export interface SiteDeps extends ServiceDeps {
  readonly lock: NodeLock
  readonly embedded: EmbeddedBrokers
  readonly inputs: SharedInputs
  readonly simulated: SimulatedPmus
  readonly keep: Keep
}

export interface StartedSite {
  readonly buses: SiteBuses
  readonly servers: readonly StartedServer[]
}

export interface StartedServer {
  readonly id: string
  readonly adapter: PdcAdapter
}

type PartDeps = SiteDeps & { readonly buses: SiteBuses }

/** One node of the bus: its servers first, so that its PMUs' first frames are served. Its lock is free when all of it is over. */
export async function startSite(site: Site, deps: SiteDeps): Promise<StartedSite> {
  const keep: Keep = (running) => {
    deps.lock.holdFor(running.done)
    return deps.keep(running)
  }
  const starting = startNode(site, { ...deps, keep })
  deps.lock.holdFor(starting)
  return await starting
}

async function startNode(site: Site, deps: SiteDeps): Promise<StartedSite> {
  const accounts = new SiteAccounts()
  const isConsumer = site.pdcAdapters.length > 0
  const buses = await openBuses(site, { ...deps, ...(isConsumer && { consumers: () => accounts.latest }) })
  const servers: StartedServer[] = []
  for (const adapter of site.pdcAdapters) {
    const server = await startServer(site, adapter, { ...deps, buses })
    servers.push(server)
    accounts.add(server)
  }
  if (isConsumer) accounts.tell(buses.nearest, deps.signal)
  if (site.pmus.length > 0) await startProducers(site, { ...deps, buses })
  return { buses, servers }
}

async function startServer(site: Site, config: Site['pdcAdapters'][number], deps: PartDeps): Promise<StartedServer> {
  const { buses, keep, log, metrics } = deps
  const { id, recovery } = config
  const held = HeldFile.open(join(site.stateFolder, `held-${id}`), { consumer: id, ...recovery }, { log, metrics })
  const adapter = startPdcAdapter(config, {
    ...deps,
    bus: buses.nearest,
    replayBus: buses.apart(`pull-${id}`).nearest(),
    held,
    ...sessionOf(site, config),
  })
  keep({ done: adapter.done.finally(() => held.close()) })
  await (site.broker.kind === 'embedded' ? adapter.ready : adapter.server.listening)
  return { id, adapter }
}

/** The first broker of the list keeps the session; the others stand in while it is away. */
function sessionOf(site: Site, { id, recovery }: Site['pdcAdapters'][number]): { session?: SessionSettings } {
  const [broker, ...others] = site.broker.kind === 'servers' ? site.broker.servers : []
  if (recovery.mode !== 'session' || !broker) return {}
  const epochsFile = join(site.stateFolder, `session-${id}`)
  const standsIn = others.length > 0
  return { session: { broker, clientId: clientIdOf(site, `session-${id}`), epochsFile, standsIn } }
}

/** PMU-adapter, its journal, and who answers from it. The journal outlives the adapter, whose last words it writes. */
async function startProducers(site: Site, deps: PartDeps): Promise<void> {
  const { buses, keep, lock, simulated } = deps
  const journalStop = new AbortController()
  const journal =
    site.journal && keep(await openJournal(site.journal, { ...deps, signal: journalStop.signal, dead: lock.dead }))
  if (site.journal && journal) startAnswering(site, site.journal.replayBytesPerS, journal, deps)
  const pmus = site.pmus.map((pmu) => ({ topic: pmu.topic, source: sourceOf(pmu, simulated), live: pmu.live }))
  const adapter = startPmuAdapter(
    { pmus },
    { ...deps, buses: buses.each, node: nodeTopic(site), ...(journal && { journal }) },
  )
  keep({ done: adapter.done.finally(() => journalStop.abort()) })
}

function startAnswering(site: Site, bytesPerS: number, journal: Journal, deps: PartDeps): void {
  const streams = site.pmus.map(({ topic }) => topic)
  const buses = deps.buses.apart('replay').each()
  deps.keep(startReplayServer({ node: site, bytesPerS, streams }, { ...deps, buses, journal }))
}

function sourceOf({ source, session }: Pmu, simulated: SimulatedPmus): SourceConfig {
  return { ...session, transport: source.kind === 'simulated' ? simulated.transportOf(session.idcode) : source }
}
