import { setMaxListeners } from 'node:events'
import { type Bus, type EmbeddedBroker, startBus, startEmbeddedBroker } from '../bus/index.ts'
import type { Broker } from '../config/broker.ts'
import { type Grid, type Pmu, type Site, siteName } from '../config/grid.ts'
import type { SourceConfig } from '../config/source.ts'
import { createSharedInputs } from '../link/index.ts'
import { type PdcAdapter, startPdcAdapter } from '../pdc-adapter/index.ts'
import { type PmuAdapterDeps, startPmuAdapter } from '../pmu-adapter/index.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import { nodeTopic } from '../streams/index.ts'
import { type SimulatedPmus, startSimulatedPmus } from './start-simulated-pmus.ts'

/** A grid, or the share of it that this process has, up and running. */
export interface RunningGrid extends Running {
  /** Where embedded brokers listen. */
  readonly brokers: readonly { readonly url: string }[]
  readonly buses: readonly Bus[]
  readonly pdcAdapters: readonly {
    readonly site: string
    readonly id: string
    readonly addresses: PdcAdapter['server']['addresses']
  }[]
  readonly pmus: number
}

/**
 * Starts everything that a grid describes, from the same start functions that
 * separate processes use. Resolves when every port is open; rejects, with
 * nothing left running, if one cannot be had. A broker elsewhere need not be
 * there yet.
 */
export async function startGrid(grid: Grid, deps: ServiceDeps): Promise<RunningGrid> {
  const failed = new AbortController()
  const signal = AbortSignal.any([deps.signal, failed.signal])
  setMaxListeners(0, signal)
  const started: Running[] = []
  const keep = <R extends Running>(running: R): R => {
    started.push(running)
    running.done.catch(() => {}) // seen by the one `done` below
    return running
  }
  try {
    const running = await startParts(grid, { ...deps, signal }, keep)
    const done = Promise.all(started.map((part) => part.done)).then(
      () => {},
      async (error: unknown) => {
        failed.abort()
        await Promise.allSettled(started.map((part) => part.done))
        throw error
      },
    )
    return { ...running, done }
  } catch (error) {
    failed.abort()
    await Promise.allSettled(started.map((part) => part.done))
    throw error
  }
}

type Keep = <R extends Running>(running: R) => R

async function startParts(grid: Grid, deps: ServiceDeps, keep: Keep): Promise<Omit<RunningGrid, 'done'>> {
  const simulated = await startSimulatedPmus(grid, deps, keep)
  const inputs = createSharedInputs()
  const embedded = new Map<Broker, EmbeddedBroker>()
  const buses: Bus[] = []
  const pdcAdapters: RunningGrid['pdcAdapters'][number][] = []

  for (const site of grid.sites) {
    const bus = await openBus(site, embedded, deps, keep)
    buses.push(bus)
    // Before the PMUs, so that their first frame is served.
    for (const { id, streams, server } of site.pdcAdapters) {
      const adapter = keep(startPdcAdapter({ id, streams, server }, { ...deps, bus }))
      await (site.broker.kind === 'embedded' ? adapter.ready : adapter.server.listening)
      pdcAdapters.push({ site: siteName(site), id, addresses: adapter.server.addresses })
    }
    startPmus(site, { ...deps, buses: [bus], inputs }, simulated, keep)
  }
  return {
    brokers: [...embedded.values()].flatMap(({ addresses }) => addresses),
    buses,
    pdcAdapters,
    pmus: grid.sites.reduce((sum, { pmus }) => sum + pmus.length, 0),
  }
}

/** A site's one way to its broker; its node's presence hangs on it. */
async function openBus(site: Site, embedded: Map<Broker, EmbeddedBroker>, deps: ServiceDeps, keep: Keep): Promise<Bus> {
  const { area, locationType, locationId, nodeId, broker, pmus } = site
  const node = { area, locationType, locationId, nodeId, streams: pmus.map(({ topic }) => topic) }
  if (broker.kind === 'embedded') {
    let running = embedded.get(broker)
    if (!running) {
      running = keep(await startEmbeddedBroker(broker.settings, deps))
      embedded.set(broker, running)
    }
    return running.bus(node)
  }
  const [first, ...others] = broker.servers
  if (!first) throw new Error('the schema asks for one broker at least')
  if (others.length > 0) {
    deps.log.warn(
      { site: siteName(site), used: first.url, spare: others.map(({ url }) => url) },
      'only the first broker is used',
    )
  }
  return keep(startBus(first, { ...deps, node }))
}

function startPmus(site: Site, deps: Omit<PmuAdapterDeps, 'node'>, simulated: SimulatedPmus, keep: Keep): void {
  if (site.pmus.length === 0) return
  const pmus = site.pmus.map((pmu) => ({ topic: pmu.topic, source: sourceOf(pmu, simulated), live: pmu.live }))
  keep(startPmuAdapter({ pmus }, { ...deps, node: nodeTopic(site) }))
}

function sourceOf({ source, session }: Pmu, simulated: SimulatedPmus): SourceConfig {
  return { ...session, transport: source.kind === 'simulated' ? simulated.transportOf(session.idcode) : source }
}
