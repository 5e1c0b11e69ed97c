import { Command, InvalidArgumentError } from 'commander'
import { type BusError, startBus } from '../bus/index.ts'
import { loadGrid } from '../config/load-grid.ts'
import { aborted } from '../runtime/aborted.ts'
import { createMetrics } from '../runtime/metrics.ts'
import type { Running } from '../runtime/service.ts'
import { isTopicLevel } from '../streams/index.ts'
import { type BrokerOptions, brokerConfigOf, watchingFailures, withBrokerOptions } from './broker-options.ts'
import { failure, usageError } from './cli-error.ts'
import { parseDuration } from './duration.ts'
import { ExitCode } from './exit-codes.ts'
import { explain } from './explain.ts'
import { readGridArgument } from './grid-argument.ts'
import { writeJson, writeNdjson } from './output.ts'
import { statusObject } from './status/status-json.ts'
import { lostAt, StatusModel } from './status/status-model.ts'
import { type StatusSource, sourcesOfGrid, stateFilters } from './status/status-sources.ts'
import { statusLines } from './status/status-view.ts'
import { brokerFault } from './tap/broker-fault.ts'
import { LiveBlock } from './terminal/live-block.ts'
import { printable } from './terminal/printable.ts'
import { createStyle } from './terminal/style.ts'
import { untilStopped } from './until-stopped.ts'

const help = `
Nodes and streams tell their state on the bus, and consumers what became of every
timestamp that must exist:

  expected = live + late + not produced + not received + lost + pending

live: as it came; late: healed from a journal; not produced: the PMU skipped it;
not received: no session with the PMU; pending: not delivered yet, because it is
still asked for, no journal answers, or no PDC is there to take it.

With a grid file its brokers are asked, otherwise the one of --broker. RabbitMQ
shows little without the file: it keeps what is retained from wildcards.

Examples:
  phasorbus status grid.yaml
  phasorbus status --broker mqtt://pop-7:1883 --area south-italy-113
  phasorbus status --json | jq '.consumers[] | {consumer, total}'
  phasorbus status grid.yaml --watch

Exit codes: 0 nothing is lost, 3 something is, 1 no broker can be reached or
nothing is known there, 2 a mistake in the command or the grid file.`

interface Options extends BrokerOptions {
  readonly area?: string
  readonly json?: true
  readonly watch?: true
  readonly wait: number
}

/** What is retained comes at once; no more after this long, and all is there. */
const QUIET_MS = 250
const DRAW_MS = 1000

export function statusCommand(): Command {
  const command = new Command('status')
    .summary('what runs, and what became of every timestamp')
    .description('Show nodes, streams and the accounts of consumers, as they tell them on the bus.')
    .argument('[GRID.yaml]', 'the grid file whose brokers are asked; - is standard input')
  return withBrokerOptions(command)
    .option('--area <AREA>', 'only of this area', parseArea)
    .option('--wait <TIME>', 'longest wait for brokers and for what they keep', parseDuration, 3000)
    .option('--watch', 'go on, and draw it anew each second')
    .option('--json', 'print one object; with --watch one per line and second')
    .addHelpText('after', help)
    .action((file: string | undefined, options: Options, self: Command) => status(file, options, self))
}

async function status(file: string | undefined, options: Options, self: Command): Promise<void> {
  const sources = await sourcesOf(file, options, self.getOptionValueSource('broker') === 'cli')
  const model = new StatusModel()
  const faults = new Map<string, BusError>()
  const connected = new Set<string>()
  let failed: Error | undefined

  await untilStopped(async (signal, stop) => {
    let lastMs = performance.now()
    let granted = 0
    const buses = sources.map(({ broker, filters }) => {
      const log = watchingFailures((error) => faults.set(String(broker.url), error))
      const bus = startBus(broker, { signal, log, metrics: createMetrics() })
      bus.onConnect(() => connected.add(String(broker.url)))
      for (const filter of filters) {
        const subscription = bus.subscribe(filter, (topic, payload) => {
          model.message(topic, payload)
          lastMs = performance.now()
        })
        subscription.granted.then(
          () => granted++,
          (error: unknown) => {
            if (signal.aborted) return
            failed ??= error instanceof Error ? error : new Error(String(error))
            stop()
          },
        )
      }
      return bus
    })
    const wanted = sources.reduce((sum, { filters }) => sum + filters.length, 0)
    const beganMs = performance.now()
    const isThere = (): boolean => {
      const nowMs = performance.now()
      const isQuiet = granted === wanted && model.heard > 0 && nowMs - lastMs > QUIET_MS
      return isQuiet || nowMs - beganMs > options.wait || faults.size === sources.length
    }
    const shown = options.watch ? showing(model, options, isThere, signal) : ending(isThere, stop, signal)
    return [...buses, shown]
  })

  if (failed) throw failed
  const [fault] = faults.values()
  if (connected.size === 0 && fault) throw brokerFault(fault, file)
  if (connected.size === 0) throw failure('no broker answers', 'a longer --wait gives it more time')
  if (model.heard === 0) throw failure('nothing is known there', nothingHint(file))
  if (!options.watch) show(model, options)
  for (const [url, error] of faults) {
    if (!connected.has(url)) process.stderr.write(`phasorbus: ${printable(explain(brokerFault(error)).message)}\n`)
  }
  if (lostAt(model.consumers) > 0) process.exitCode = ExitCode.dataLost
}

async function sourcesOf(file: string | undefined, options: Options, isBrokerGiven: boolean): Promise<StatusSource[]> {
  if (file === undefined) return [{ broker: brokerConfigOf(options, 'status'), filters: stateFilters(options.area) }]
  if (isBrokerGiven) throw usageError('a grid file, or --broker: not both', 'phasorbus status --help')
  const { name, text } = await readGridArgument(file)
  const { grid } = await loadGrid(name, text === undefined ? {} : { text })
  const { username, passwordFile, ca, cert, key } = options
  const sources = sourcesOfGrid(grid, options.area, { username, passwordFile, ca, cert, key })
  if (sources.length > 0) return sources
  throw usageError(
    options.area === undefined ? `no broker of ${name} can be reached from outside` : `${name} has no ${options.area}`,
  )
}

/** Ends the command once all is there. */
function ending(isThere: () => boolean, stop: () => void, signal: AbortSignal): Running {
  const timer = setInterval(() => {
    if (isThere()) stop()
  }, QUIET_MS / 5)
  return { done: aborted(signal).finally(() => clearInterval(timer)) }
}

/** Shows it again and again, until the command is stopped. */
function showing(model: StatusModel, options: Options, isThere: () => boolean, signal: AbortSignal): Running {
  const block = process.stdout.isTTY && !options.json ? new LiveBlock(process.stdout) : undefined
  const timer = setInterval(() => {
    if (!isThere()) return
    if (block) block.draw(statusLines(model, createStyle(process.stdout)))
    else show(model, options)
  }, DRAW_MS)
  return {
    done: aborted(signal).finally(() => {
      clearInterval(timer)
      block?.end()
    }),
  }
}

function show(model: StatusModel, { json, watch }: Options): void {
  if (json && watch) writeNdjson(statusObject(model))
  else if (json) writeJson(statusObject(model))
  else process.stdout.write(`${statusLines(model, createStyle(process.stdout)).join('\n').trimStart()}\n`)
}

const nothingHint = (file: string | undefined): string =>
  file === undefined
    ? 'no phasorbus tells its state to this broker; on RabbitMQ name the grid file, or --wait 15s'
    : 'phasorbus run GRID.yaml starts it'

function parseArea(text: string): string {
  if (isTopicLevel(text)) return text
  throw new InvalidArgumentError('An area is 1 to 64 of A-Z a-z 0-9 _ -.')
}
