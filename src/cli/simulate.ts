import { Command, Option } from 'commander'
import { createLog } from '../runtime/log.ts'
import { runUntilSignal } from '../runtime/main.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { type Simulator, SimulatorError, startSimulator } from '../simulator/index.ts'
import { usageError } from './cli-error.ts'
import { parseDuration } from './duration.ts'
import { wholeNumber } from './number-option.ts'
import { writeJson } from './output.ts'
import { eventHelp, followEventLines } from './simulate/event-input.ts'
import { parseFormat } from './simulate/format-option.ts'
import { collectEvents, oneOf, type SimulateOptions, wholeNumbers } from './simulate/options.ts'
import { simulationReport, simulatorTable } from './simulate/report.ts'
import { readScript } from './simulate/script-file.ts'
import { simulatorInput } from './simulate/simulator-input.ts'

const help = `
Events, typed while it runs, given with --event, or in a script with \`kind:\`:
${eventHelp()}

Examples:
  phasorbus simulate                                     # 5 PMUs at 127.0.0.1, ports 4712 to 4716
  phasorbus connect tcp://127.0.0.1:4712 --idcode 1      # in another terminal: look at the first
  phasorbus simulate --pmus 200 --port 0 --rate 50 --for 60s --json
  phasorbus simulate --rate 10,50,120 --format mixed --one-port
  phasorbus simulate --format polar,int16 --standard 2005 --nominal 60 --rate 60
  phasorbus simulate --udp 239.1.2.3:4713                # unasked, multicast
  phasorbus simulate --event 'oscillation at=10 hz=0.7' --event 'island at=30 branch=6-26 generationKw=1000'
  echo 'load-step bus=18 kw=300 for=20' | phasorbus simulate --for 1m
  phasorbus simulate --script storm.yaml

A script such as storm.yaml is a list of events:
  - { at: 5, kind: voltage-sag, depth: 0.4, bus: 12 }
  - { at: 20, kind: time-sync-loss, pmu: 2, durationS: 60 }

The same seed, options and events give the same measurements.
Exit codes: 0 stopped or done, 1 failed (a port is taken), 2 a mistake in options or script.`

export function simulateCommand(): Command {
  return new Command('simulate')
    .summary('simulate a feeder with PMUs that PDCs can connect to')
    .description(
      'Run the 33-bus feeder of Baran and Wu (1989) as a grid, with PMUs that any PDC can connect to.\n' +
        'Loads wander, the frequency follows, and what you type or script happens.',
    )
    .option('--pmus <n>', 'number of PMUs', wholeNumber(1, 20_000), 5)
    .option(
      '--buses <list>',
      'buses that have a PMU, in turn, such as 1,18,33 (default: ends first)',
      wholeNumbers(1, 33),
    )
    .addOption(
      new Option('--rate <list>', 'frames per second, 1 to 120; several are taken in turn')
        .argParser(wholeNumbers(1, 120))
        .default([50], '50'),
    )
    .addOption(
      new Option('--format <words>', 'polar or rectangular, int16 or float32, freq=int16 …; mixed: all sixteen in turn')
        .argParser(parseFormat)
        .default(parseFormat('rectangular,float32'), 'rectangular,float32'),
    )
    .option('--nominal <hz>', 'nominal frequency, 50 or 60', oneOf(50, 60), 50)
    .option('--idcode <first>', 'IDCODE of the first PMU; the others count up', wholeNumber(1, 65_534), 1)
    .option('--standard <year>', 'version of the frames, 2005 or 2011', oneOf(2005, 2011), 2011)
    .option('--host <address>', 'local address; 0.0.0.0 is every one', '127.0.0.1')
    .option(
      '--port <base>',
      'TCP port of the first PMU, the others count up; 0: the system chooses',
      wholeNumber(0, 65_535),
      4712,
    )
    .option('--one-port', 'all PMUs at that port, told apart by IDCODE')
    .option('--udp <host:port>', 'send unasked over UDP to there instead, unicast or multicast')
    .option('--delay <ms>', 'how long after its timestamp a frame is sent', wholeNumber(0, 10_000), 5)
    .option('--seed <number>', 'seed of all that is random', wholeNumber(0, 2 ** 31), 1)
    .addOption(
      new Option('--event <line>', 'an event, as it would be typed; may be given again')
        .argParser(collectEvents)
        .default([], 'none'),
    )
    .option('--script <file>', 'YAML list of events')
    .option('--for <duration>', 'end by itself after 10s, 5m, 1h', parseDuration)
    .option('--no-input', 'do not read events from standard input (to run in the background)')
    .option('--json', 'print one object at the end: { pmus, seconds, frames, skipped_frames }')
    .addHelpText('after', help)
    .action(simulate)
}

async function simulate(options: SimulateOptions): Promise<void> {
  const script = options.script === undefined ? [] : await readScript(options.script)
  const input = simulatorInput(options, [...script, ...options.event])
  const log = createLog('warn')
  const metrics = createMetrics()
  const ended = new AbortController()
  let running: Simulator | undefined

  const start = async (stopped: AbortSignal): Promise<readonly Simulator[]> => {
    const signal = AbortSignal.any([stopped, ended.signal])
    const simulator = startOrExplain(() => startSimulator(input, { signal, log, metrics }))
    running = simulator
    await simulator.ready
    if (options.for !== undefined) endAfter(options.for, ended, signal)
    if (!options.json) process.stdout.write(`${simulatorTable(simulator).join('\n')}\n`)
    if (options.input) listen(simulator, ended, signal)
    return [simulator]
  }
  await runUntilSignal(start, log)
  if (options.json && running) writeJson(simulationReport(running, metrics))
}

function listen(simulator: Simulator, ended: AbortController, signal: AbortSignal): void {
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`)
  }
  if (process.stdin.isTTY) say('Type an event, such as `load-step bus=18 kw=200`, or `help`.')
  // A pipe that stays open would keep the process.
  signal.addEventListener('abort', () => process.stdin.destroy(), { once: true })
  followEventLines(process.stdin, { simulator, say, quit: () => ended.abort(), signal })
}

function endAfter(ms: number, ended: AbortController, signal: AbortSignal): void {
  const timer = setTimeout(() => ended.abort(), ms)
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
}

/** What the simulator refuses of options and script is the user's to mend. */
function startOrExplain(start: () => Simulator): Simulator {
  try {
    return start()
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error
    throw usageError(error.sentence, 'phasorbus simulate --help lists options and events')
  }
}
