import { Command, Option } from 'commander'
import { createLog } from '../runtime/log.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { type Recording, RecordingReader, type Replay, ReplayError, startReplay } from '../simulator/index.ts'
import {
  collect,
  faultText,
  openCapture,
  readCapture,
  readConfigurations,
  readingProgress,
  watched,
} from './capture-input.ts'
import { failure, usageError } from './cli-error.ts'
import { parseDuration } from './duration.ts'
import { anyNumber, wholeNumber } from './number-option.ts'
import { writeJson } from './output.ts'
import { showReplay } from './replay/replay-progress.ts'
import { replayReport, replayTable, warningsOf } from './replay/report.ts'
import { noProgress } from './terminal/progress.ts'
import { untilStopped } from './until-stopped.ts'

const help = `
Every stream of the capture (a pair of endpoints and an IDCODE) becomes a PMU at
a TCP port of its own, and is sent as it was captured: the same frames, at the
same pace, streams in time with each other. UDP and raw streams are served over
TCP too. A capture in any format that \`phasorbus decode\` reads.

--timestamps now moves SOC by whole seconds, so that data seem measured now, and
computes CHK anew; FRACSEC stays as the source counted it. With --speed other
than 1 such timestamps keep their spacing, so they leave the clock behind.

Examples:
  phasorbus replay site.pcap                             # PMUs at 127.0.0.1, ports 4712 and up
  phasorbus connect tcp://127.0.0.1:4712 --idcode 241    # in another terminal: look at the first
  phasorbus replay --loop --timestamps now site.pcap     # a PMU for as long as you need one
  phasorbus replay --wait --speed 20 --port 0 site.pcap  # nothing is missed: begins when PDCs are there
  phasorbus replay --config pmu1.cfg data.PmuCapture     # a capture without configuration
  xzcat big.pcap.xz | phasorbus replay -

Exit codes: 0 played to its end or stopped, 1 failed (nothing to play, a port
is taken), 2 usage.`

interface Options {
  readonly host: string
  readonly port: number
  readonly speed: number
  readonly loop?: true
  readonly timestamps: 'original' | 'now'
  readonly wait?: true
  readonly idcode?: readonly number[]
  readonly config?: readonly string[]
  readonly for?: number
  readonly json?: true
}

export function replayCommand(): Command {
  return new Command('replay')
    .summary('play a capture as PMUs that PDCs can connect to')
    .description('Replay the PMUs of a capture: PDCs connect to them as they would to the real ones.')
    .argument('FILE', 'the capture; - is standard input')
    .option('--host <address>', 'local address; 0.0.0.0 is every one', '127.0.0.1')
    .option('--port <base>', 'TCP port of the first PMU, the others count up; 0: any', wholeNumber(0, 65_535), 4712)
    .option('--speed <n>', 'so many times the original pace', anyNumber(0.001, 10_000), 1)
    .option('--loop', 'begin again at the end')
    .addOption(
      new Option('--timestamps <which>', 'those of the capture, or as if measured now')
        .choices(['original', 'now'])
        .default('original'),
    )
    .option('--wait', 'begin when a PDC has turned on the data of every PMU')
    .option('--idcode <n>', 'only streams of this IDCODE; may be given again', idcodes)
    .option(
      '--config <file>',
      'saved configuration frames, for streams whose configuration is not in the capture; may be given again',
      collect,
    )
    .option('--for <duration>', 'end by itself after 10s, 5m, 1h', parseDuration)
    .option('--json', 'print one object at the end: { streams, rounds }')
    .addHelpText('after', help)
    .action(replay)
}

async function replay(file: string, options: Options): Promise<void> {
  const { host, port, speed, timestamps } = options
  const input = { host, port, speed, timestamps, loop: options.loop ?? false, wait: options.wait ?? false }
  const metrics = createMetrics()
  let running: Replay | undefined
  await untilStopped(async (signal, stop) => {
    const recording = await record(file, options, signal)
    if (signal.aborted) return []
    const started = startOrExplain(() => startReplay(recording, input, { signal, log: createLog('warn'), metrics }))
    running = started
    await started.ready
    if (!options.json) {
      process.stdout.write(`${replayTable(started).join('\n')}\n`)
      showReplay(started, { loop: input.loop, signal })
    }
    if (options.for !== undefined) {
      const timer = setTimeout(stop, options.for)
      signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
      started.done.then(() => clearTimeout(timer)).catch(() => clearTimeout(timer))
    }
    return [started]
  })
  if (!running) return
  if (options.json) writeJson(replayReport(running))
  else process.stderr.write(`played ${running.streams.reduce((sum, { frames }) => sum + frames, 0)} frames\n`)
}

async function record(file: string, options: Options, signal: AbortSignal): Promise<Recording> {
  const given = await Promise.all((options.config ?? []).map(readConfigurations))
  const reader = new RecordingReader({ given: given.flat() })
  const input = await openCapture(file)
  const progress = options.json ? noProgress : readingProgress('reading', input)
  await readCapture(watched(input, progress), reader, signal).finally(progress.end)
  const { streams, unplayable, report } = reader.end()
  if (signal.aborted) return { streams, unplayable }
  const name = file === '-' ? 'standard input' : file
  if (report.format === 'empty') throw failure(`${name} is empty`)
  if (report.frames === 0) {
    const why = report.fault ? faultText(report.fault) : 'no frame with a right CHK'
    const hint = file === '-' ? undefined : `\`phasorbus decode --summary ${file}\` says what is in it`
    throw failure(`${name} has no C37.118 to play: ${why}`, hint)
  }
  const wanted = streams.filter(({ idcode }) => options.idcode?.includes(idcode) ?? true)
  if (wanted.length === 0 && streams.length > 0) {
    const found = streams.map(({ idcode }) => idcode).join(', ')
    throw failure(`${name} has no stream of IDCODE ${options.idcode?.join(', ')}`, `it has ${found}`)
  }
  const { port } = options
  if (port !== 0 && port + wanted.length - 1 > 65_535) {
    throw usageError(
      `${wanted.length} PMUs from port ${port} on need ports above 65535`,
      'give a lower --port, or --port 0',
    )
  }
  for (const line of warningsOf({ streams, unplayable }, report.fault)) process.stderr.write(`phasorbus: ${line}\n`)
  return { streams: wanted, unplayable }
}

function startOrExplain(start: () => Replay): Replay {
  try {
    return start()
  } catch (error) {
    if (!(error instanceof ReplayError) || error.facts.code !== 'REPLAY_NOTHING_TO_PLAY') throw error
    throw failure(
      'nothing in it can be played: there are data, and no configuration that says what they are',
      'save one from the PMU with `phasorbus connect … --save-config FILE`, and give it with --config FILE',
    )
  }
}

function idcodes(text: string, before: readonly number[] = []): number[] {
  return [...before, wholeNumber(1, 65_534)(text)]
}
