import { setMaxListeners } from 'node:events'
import type { GridJson } from '../../api/index.ts'
import type { Bus } from '../../bus/index.ts'
import { type Grid, siteName } from '../../config/grid.ts'
import { createSharedInputs } from '../../link/index.ts'
import type { PdcAdapter } from '../../pdc-adapter/index.ts'
import type { Running, ServiceDeps } from '../../runtime/service.ts'
import { gridJson } from './grid-json.ts'
import { lockNodes } from './lock-node.ts'
import { EmbeddedBrokers, type Keep } from './open-buses.ts'
import { startSimulatedPmus } from './start-simulated-pmus.ts'
import { startSite } from './start-site.ts'

/** A grid, or the share of it that this process has, up and running. */
export interface RunningGrid extends Running {
  /** Where embedded brokers listen, and the others that are used, without credentials. */
  readonly brokers: readonly { readonly url: string }[]
  readonly buses: readonly Bus[]
  readonly pdcAdapters: readonly {
    readonly site: string
    readonly id: string
    readonly addresses: PdcAdapter['server']['addresses']
  }[]
  readonly pdcs: readonly {
    readonly site: string
    readonly id: string
    /** By output. */
    readonly addresses: Readonly<Record<string, PdcAdapter['server']['addresses']>>
  }[]
  readonly historians: readonly { readonly site: string; readonly id: string; readonly api?: string }[]
  readonly pmus: number
}

export interface GridDeps extends ServiceDeps {
  readonly beforeListening?: () => Promise<void>
}

/**
 * Starts everything that a grid describes, from the same start functions that
 * separate processes use. Resolves when every port is open; rejects, with
 * nothing left running, if one cannot be had. A broker elsewhere need not be
 * there yet. `whole`: where this is only a share of it, for what an API tells.
 * `beforeListening` is awaited when its nodes are this process's, and nothing listens yet.
 */
export async function startGrid(grid: Grid, deps: GridDeps, whole: Grid = grid): Promise<RunningGrid> {
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
    const running = await startParts(grid, { ...deps, signal }, keep, gridJson(whole))
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

async function startParts(
  grid: Grid,
  { beforeListening, ...deps }: GridDeps,
  keep: Keep,
  told: GridJson,
): Promise<Omit<RunningGrid, 'done'>> {
  const locks = await lockNodes(grid.sites, deps, keep)
  await beforeListening?.()
  const simulated = await startSimulatedPmus(grid, deps, keep)
  const inputs = createSharedInputs()
  const embedded = new EmbeddedBrokers(deps, keep)
  const buses: Bus[] = []
  const others = new Set<string>()
  const pdcAdapters: RunningGrid['pdcAdapters'][number][] = []
  const pdcs: RunningGrid['pdcs'][number][] = []
  const historians: RunningGrid['historians'][number][] = []

  for (const [index, site] of grid.sites.entries()) {
    const started = await startSite(site, { ...deps, embedded, inputs, simulated, keep, told, lock: locks[index]! })
    buses.push(...started.buses.each)
    if (site.broker.kind === 'servers') for (const { name } of started.buses.each) others.add(name)
    for (const { id, adapter } of started.servers)
      pdcAdapters.push({ site: siteName(site), id, addresses: adapter.server.addresses })
    for (const { id, url } of started.historians)
      historians.push({ site: siteName(site), id, ...(url !== undefined && { api: url }) })
    for (const { id, pdc } of started.pdcs) {
      const addresses = [...pdc.servers].map(([output, server]) => [output, server.addresses] as const)
      pdcs.push({ site: siteName(site), id, addresses: Object.fromEntries(addresses) })
    }
  }
  return {
    brokers: [...embedded.addresses, ...[...others].map((url) => ({ url }))],
    buses,
    pdcAdapters,
    pdcs,
    historians,
    pmus: grid.sites.reduce((sum, { pmus }) => sum + pmus.length, 0),
  }
}
