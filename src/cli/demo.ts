import { Command } from 'commander'
import { createLog } from '../runtime/log.ts'
import { runUntilSignal } from '../runtime/main.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { failure } from './cli-error.ts'
import { type DemoLine, startDemoLine } from './demo/demo-line.ts'
import { showDemo } from './demo/demo-view.ts'
import { parseDuration } from './duration.ts'
import { ExitCode } from './exit-codes.ts'
import { wholeNumber } from './number-option.ts'
import { writeJson } from './output.ts'

const help = `
What you see: a 33-bus feeder with a primary and four secondary substations, each
with PMUs, a PMU-adapter and a PDC; an MQTT broker; a PDC of the area over those of
the substations; a PDC-adapter; a client that compares every byte it reads with what
the PMUs wrote; and a historian with its dashboard, in a browser. Every half minute
something happens in the grid, and every two minutes the link of one substation is
cut: what it measures meanwhile is in its journal, and comes through afterwards.

Examples:
  phasorbus demo
  phasorbus demo --for 20s --json
  phasorbus tap '#' --broker mqtt://127.0.0.1:PORT   # in another terminal; the demo says the port

Exit codes: 0 every frame came through once and unaltered, 3 not, 1 the demo could
not run.`

interface Options {
  readonly for?: number
  readonly json?: true
  readonly brokerPort: number
  readonly httpPort?: number
  readonly seed: number
}

export function demoCommand(): Command {
  return new Command('demo')
    .summary('see it work: a simulated grid through the whole line, checked byte for byte')
    .description(
      'Run a simulated grid through PMU-adapters, an MQTT bus and a PDC-adapter to a PDC that checks every byte.',
    )
    .option('--for <TIME>', 'end by itself after so much time with data: 20s, 2m', parseDuration)
    .option('--json', 'print one object at the end: published, delivered, lost, duplicated, differing, latency_ms …')
    .option(
      '--broker-port <PORT>',
      'TCP port of the embedded MQTT broker; 0 takes a free one',
      wholeNumber(0, 65_535),
      0,
    )
    .option(
      '--http-port <PORT>',
      'port of the dashboard; 9470 by default, or a free one where that is taken',
      wholeNumber(0, 65_535),
    )
    .option('--seed <NUMBER>', 'seed of the simulated grid', wholeNumber(0, 2 ** 31), 1)
    .addHelpText('after', help)
    .action(demo)
}

async function demo(options: Options): Promise<void> {
  const log = createLog('error')
  const metrics = createMetrics()
  const stopAll = new AbortController()
  let line: DemoLine | undefined

  await runUntilSignal(async (signal) => {
    // What is stopped first is the count, so that a frame under way is no lost frame.
    line = await startDemoLine(options, { signal: stopAll.signal, log, metrics }).catch((error: unknown) => {
      stopAll.abort()
      throw error
    })
    const view = showDemo(line, process.stdout, options.json === true)
    const ended = untilEnd(signal, options.for, line.flowing)
      .then(() => line!.finish())
      .finally(() => {
        view.end()
        stopAll.abort()
      })
    return [{ done: Promise.race([line.done, ended]).then(() => ended) }, { done: line.done }]
  }, log)

  if (!line) return
  const { verdict, seconds, streams, area } = line.result()
  if (options.json) writeJson({ ...verdict, streams, area, seconds })
  const { lost, duplicated, differing, reordered, published } = verdict
  if (published === 0 || line.isStoppedEarly) {
    // Whoever only looks may stop whenever; a check that checked nothing has failed.
    if (options.for === undefined && !options.json) return
    throw failure('stopped before every stream came through: nothing was checked')
  }
  if (lost + duplicated + differing + reordered > 0) process.exitCode = ExitCode.dataLost
}

/** Until the signal, or until data have flowed for so long. */
async function untilEnd(signal: AbortSignal, forMs: number | undefined, flowing: Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
    if (forMs === undefined) return
    void flowing.then(() => {
      const timer = setTimeout(resolve, forMs)
      signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
    })
  })
}
