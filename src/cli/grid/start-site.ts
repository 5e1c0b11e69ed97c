import { join } from 'node:path'
import type { Site } from '../../config/grid.ts'
import { type PdcAdapter, startPdcAdapter } from '../../pdc-adapter/index.ts'
import { HeldFile } from '../../recovery/index.ts'
import { type Keep, openBuses, type SiteBuses } from './open-buses.ts'
import { SiteAccounts } from './site-accounts.ts'
import type { PartDeps, SiteDeps } from './site-deps.ts'
import { sessionOf } from './site-session.ts'
import { type StartedHistorian, startSiteHistorian } from './start-historian.ts'
import { type StartedPdc, startProducers } from './start-producers.ts'

export interface StartedSite {
  readonly buses: SiteBuses
  readonly servers: readonly StartedServer[]
  readonly pdcs: readonly StartedPdc[]
  readonly historians: readonly StartedHistorian[]
}

export interface StartedServer {
  readonly id: string
  readonly adapter: PdcAdapter
}

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
  const isConsumer = site.pdcAdapters.length + site.pdcs.length + site.historians.length > 0
  const buses = await openBuses(site, { ...deps, ...(isConsumer && { consumers: () => accounts.latest }) })
  const servers: StartedServer[] = []
  for (const adapter of site.pdcAdapters) {
    const server = await startServer(site, adapter, { ...deps, buses })
    servers.push(server)
    accounts.add(server.id, server.adapter)
  }
  if (isConsumer) accounts.tell(buses.nearest, deps.signal)
  const historians: StartedHistorian[] = []
  for (const config of site.historians) {
    const started = await startSiteHistorian(site, config, { ...deps, buses })
    historians.push(started)
    accounts.add(started.id, started.historian)
  }
  const pdcs = await startProducers(site, { ...deps, buses })
  for (const { id, pdc } of pdcs) accounts.add(id, pdc)
  return { buses, servers, pdcs, historians }
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
