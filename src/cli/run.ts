import { Command, InvalidArgumentError, Option } from 'commander'
import { type Address, parseAddress } from '../config/address.ts'
import { METRICS_PATH } from '../config/check-ports.ts'
import { type Grid, type Site, siteName } from '../config/grid.ts'
import { loadGrid } from '../config/load-grid.ts'
import { suggest } from '../config/suggest.ts'
import { createLog, type LogLevel, logLevels } from '../runtime/log.ts'
import { runUntilSignal } from '../runtime/main.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { usageError } from './cli-error.ts'
import { checkListeners } from './grid/check-listeners.ts'
import { knownPmus } from './grid/known-pmus.ts'
import { startGrid } from './grid/start-grid.ts'
import { readGridArgument } from './grid-argument.ts'
import { startMetricsServer } from './metrics-server.ts'

const help = `
Without --site everything the file describes runs in this one process: brokers,
PMU-adapters, PDCs, PDC-adapters. With --site only that site's share does; give it more
than once for several, and LOCATION-TYPE/LOCATION-ID/NODE for one of two nodes.

The log is JSON, one line each, on standard error; "ready" has the addresses.
SIGTERM or SIGINT ends it cleanly. Nothing is written to standard output.

Examples:
  phasorbus run grid.yaml
  phasorbus run grid.yaml --site secondary-station/1156
  phasorbus run grid.yaml --metrics 127.0.0.1:9464 --log-level warn
  curl -s http://127.0.0.1:9464/metrics | grep link_online
  generate-grid | phasorbus run -

Exit codes: 0 stopped by a signal, 1 failed (a port is taken, …), 2 the file or
the command has a mistake: nothing was started.`

interface Options {
  readonly site: readonly string[]
  readonly logLevel: LogLevel
  readonly metrics?: Address
}

export function runCommand(): Command {
  return new Command('run')
    .summary('run what a grid.yaml describes, on this machine')
    .description('Run what a grid file describes, until a signal ends it.')
    .argument('<GRID.yaml>', 'the grid file; - is standard input')
    .option('--site <LOCATION>', 'run this site only (repeatable)', collect, [])
    .option('--metrics <HOST:PORT>', 'serve /metrics and /healthz there, instead of what the file says', parseListen)
    .addOption(
      new Option('--log-level <LEVEL>', 'how much is logged')
        .choices(logLevels)
        .default('info')
        .env('PHASORBUS_LOG_LEVEL'),
    )
    .addHelpText('after', help)
    .action(run)
}

async function run(file: string, options: Options): Promise<void> {
  const { name, text } = await readGridArgument(file)
  const isAsked = (site: Site): boolean =>
    options.site.length === 0 || options.site.some((asked) => isNamed(site, asked))
  const { grid, warnings, listeners } = await loadGrid(name, {
    runs: isAsked,
    knownPmus: knownPmus(),
    stateFolder: process.env.STATE_DIRECTORY,
    ...(text !== undefined && { text }),
  })
  for (const asked of options.site) checkSite(asked, grid, name)

  const log = createLog(options.logLevel)
  for (const { message, fix, file, line } of warnings)
    log.warn({ file, line, doubt: message, fix }, 'doubt in the grid file')
  const metrics = createMetrics()
  const listen = options.metrics ?? grid.metrics?.listen

  await runUntilSignal(async (signal) => {
    const own = listeners.filter(({ position }) => !options.metrics || position.path !== METRICS_PATH)
    const beforeListening = (): Promise<void> => checkListeners(own)
    const deps = { signal, log, metrics, beforeListening }
    const running = await startGrid({ ...grid, sites: grid.sites.filter(isAsked) }, deps, grid)
    const health = (): object => ({
      status: 'ok',
      brokers: running.buses.map(({ name, connected }) => ({ name, connected })),
    })
    const server = listen && (await startMetricsServer(listen, { signal, metrics, health }))
    const { brokers, pdcAdapters, pdcs, historians, pmus } = running
    log.info(
      {
        pmus,
        brokers: brokers.map(({ url }) => url),
        pdcs,
        pdcAdapters,
        historians,
        ...(server && { metrics: server.url }),
      },
      'ready',
    )
    return server ? [running, server] : [running]
  }, log)
}

/** `secondary-station/1156`, or with `/left` one of its nodes. */
function isNamed(site: Site, asked: string): boolean {
  return asked === siteName(site) || asked === `${siteName(site)}/${site.nodeId}`
}

function checkSite(asked: string, { sites }: Grid, file: string): void {
  if (sites.some((site) => isNamed(site, asked))) return
  const names = sites.map(siteName)
  const meant = suggest(asked, names)
  const known = names.length > 8 ? `it has ${names.length} sites, such as ${names[0]}` : `it has ${names.join(', ')}`
  throw usageError(`${file} has no site ${asked}`, meant === undefined ? known : `did you mean ${meant}?`)
}

function parseListen(text: string): Address {
  const address = parseAddress(text, 9464)
  if (typeof address === 'string') throw new InvalidArgumentError(address)
  return address
}

const collect = (site: string, before: readonly string[]): readonly string[] => [...before, site]
