/** The dashboard, as a historian serves it: in this process, or by the real command line. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, inject, onTestFinished } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import { startApi } from '../../src/api/index.ts'
import { RecoverySettings } from '../../src/config/recovery.ts'
import { Store, startHistorian } from '../../src/historian/index.ts'
import { type RunningCli, startGridCli } from './cli.ts'
import type { TestDeps } from './deps.ts'
import { JournaledStreams, site } from './journaled-streams.ts'

/** What a page comes to say: it may take as long as a busy machine does. */
export const eventually = <T>(read: () => T | Promise<T>): ReturnType<typeof expect.poll<T>> =>
  expect.poll(read, { timeout: 25_000, interval: 50 })

/** Pixels of a page that stand beside its screen; none, or fewer. */
export const beside = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'phasorbus-dashboard-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** On scripted streams: `url` of the dashboard, and the streams, whose accounts are the historian's. */
export async function dashboardOnStreams(
  deps: TestDeps,
): Promise<{ readonly url: string; readonly line: JournaledStreams }> {
  const line = await JournaledStreams.start(deps)
  const store = await Store.open(await folder(), { memoryMiB: 256, threads: 1 })
  const recovery = RecoverySettings.parse({})
  const historian = deps.stops(
    await startHistorian(
      { id: 'history', streams: [`${site}/PMU/#`], recovery, sealAfterMs: 300_000, keepDays: {} },
      { ...deps, bus: line.bus('history'), replayBus: line.bus('history-pull'), store },
    ),
  )
  await historian.ready
  line.accounts = () => historian.accounts()
  const live = line.broker.readers({ mayRead: () => true, isLoopback: true })
  // Where test/support/build-cli.ts put it.
  const built = join(dirname(inject('cliMain')), '../../public')
  const { url } = deps.stops(
    await startApi(
      { listen: { host: '127.0.0.1', port: 0 }, dashboard: { folder: built, areas: [site.split('/')[0]!], live } },
      { ...deps, historian },
    ),
  )
  return { url, line }
}

export interface HistorianGrid {
  readonly url: string
  readonly brokerUrl: string
  readonly cli: RunningCli
}

/** `phasorbus run` of these sites and a historian, over an embedded broker; ended with the test. */
export async function startHistorianGrid(sites: readonly object[]): Promise<HistorianGrid> {
  const path = await folder()
  const [apiPort, brokerPort] = [await freePort(), await freePort()]
  const brokerUrl = `mqtt://127.0.0.1:${brokerPort}`
  const historian = { location: 'control-center/1', historians: [{ api: { listen: `127.0.0.1:${apiPort}` } }] }
  const cli = await runGrid(join(path, 'grid.yaml'), {
    area: 'area',
    broker: { embedded: { listen: [brokerUrl] } },
    state: join(path, 'state'),
    sites: [...sites, historian],
  })
  return { url: `http://127.0.0.1:${apiPort}`, brokerUrl, cli }
}

/** Sites of the same area in a process of their own, at that broker; ended with the test. */
export async function startSitesAt(brokerUrl: string, sites: readonly object[]): Promise<RunningCli> {
  const path = await folder()
  return runGrid(join(path, 'grid.yaml'), { area: 'area', broker: brokerUrl, state: join(path, 'state'), sites })
}

async function runGrid(file: string, grid: object): Promise<RunningCli> {
  const stop = new AbortController()
  const cli = await startGridCli(file, grid, stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await cli.ended
  })
  return cli
}
