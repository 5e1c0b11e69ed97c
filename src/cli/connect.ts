import { statSync, writeFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import type { z } from 'zod'
import { explainOffline, SourceConfig, type SourceStatus, startSource, Transport } from '../link/index.ts'
import { silentLog } from '../runtime/log.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { failure } from './cli-error.ts'
import { ConnectModel } from './connect/connect-model.ts'
import { connectReport } from './connect/connect-report.ts'
import { summaryLines } from './connect/connect-view.ts'
import { createPresenter } from './connect/presenter.ts'
import { parseDuration } from './duration.ts'
import { ExitCode } from './exit-codes.ts'
import { wholeNumber } from './number-option.ts'
import { writeJson } from './output.ts'
import { createStyle } from './terminal/style.ts'
import { untilStopped } from './until-stopped.ts'

const help = `
SOURCE is tcp://HOST:PORT, udp://HOST:PORT, tcp+udp://HOST:PORT?data=4713,
udp-spontaneous://HOST:PORT, or pcap:PATH to listen in on a mirror port.

Doubts are marked with ?: swapped or reversed phases, dead channels, clocks that
are off, frequencies that do not fit the angles. They are hints, not proof.

Examples:
  phasorbus connect tcp://10.0.0.7:4712 --idcode 765
  phasorbus connect tcp://10.0.0.7 --idcode 765 --for 10s --json | jq .doubts
  phasorbus connect tcp://10.0.0.7 --idcode 765 --save-config 765.cfg2
  phasorbus connect udp-spontaneous://239.1.2.3:4713 --idcode 765 --config 765.cfg2
  tcpdump -i mirror0 -U -w - | phasorbus connect pcap:- --idcode 765

Exit codes: 0 data came and nothing was lost, 1 no data came, 2 a mistake in the
command, 3 frames were lost or had a wrong CHK.`

/** With --for: a device that sends unasked repeats its configuration each minute. */
const FIRST_DATA_MS = 75_000

interface Options {
  readonly idcode: number
  readonly for?: number
  readonly json?: true
  readonly saveConfig?: string
  readonly config?: string
}

export function connectCommand(): Command {
  return new Command('connect')
    .summary('try a PMU: dialogue, configuration, live phasors, wiring doubts')
    .description('Connect to a PMU as a PDC does and show what it says and sends.')
    .argument('<SOURCE>', 'how the PMU is reached', parseSource)
    .requiredOption('--idcode <N>', 'IDCODE of the stream', wholeNumber(1, 65_534))
    .option('--for <TIME>', 'end after so much time with data: 10s, 2m', parseDuration)
    .option('--json', 'print one object at the end, nothing before')
    .option('--save-config <FILE>', 'write the configuration frame, as received, to a file')
    .option('--config <FILE>', 'a saved configuration, for a PMU that sends none')
    .addHelpText('after', help)
    .action(connect)
}

async function connect(transport: Transport, options: Options): Promise<void> {
  const config = SourceConfig.parse({
    transport,
    idcode: options.idcode,
    ask: ['header', 'config-1', 'config-3'],
    ...(options.config !== undefined && { savedConfiguration: options.config }),
  })
  const style = createStyle(process.stdout)
  let failed: unknown
  let saved = false
  let stopAll = (): void => {}
  let stopTimer: NodeJS.Timeout | undefined
  let online = false

  const fail = (error: unknown): void => {
    failed ??= error
    stopAll()
  }

  const model: ConnectModel = new ConnectModel(
    {
      step: (step) => presenter.step(step),
      configured(configuration) {
        presenter.configured(configuration)
        if (options.saveConfig === undefined || !model.fragments) return
        try {
          writeFileSync(options.saveConfig, Buffer.concat(model.fragments))
          saved = true
        } catch (error) {
          fail(error)
        }
      },
      online() {
        if (options.for === undefined || online) return
        online = true
        clearTimeout(stopTimer)
        stopTimer = setTimeout(() => stopAll(), options.for)
      },
      offline(reason) {
        if (reason.code === 'LINK_STOPPED') return
        const { message, hint } = explainOffline(reason)
        if (model.onlineSinceMs === undefined || reason.code === 'LINK_ENDED') {
          if (model.onlineSinceMs === undefined) fail(failure(message, foreign(status()) ?? hint))
          else stopAll()
        } else model.dialogue.note(`${message}; connecting anew`)
      },
    },
    !isRecorded(transport),
  )

  let status = (): SourceStatus => {
    throw new Error('asked for the status before the start')
  }
  const presenter = createPresenter(model, () => status(), { style, json: options.json === true })

  await untilStopped(async (signal, stop) => {
    stopAll = stop
    if (options.for !== undefined) stopTimer = setTimeout(stop, FIRST_DATA_MS)
    const source = startSource(config, { signal, log: silentLog, metrics: createMetrics(), sink: model })
    status = source.status
    presenter.start()
    return [source]
  }).finally(() => {
    clearTimeout(stopTimer)
    presenter.end()
  })
  const report = connectReport(model, status())
  if (options.json) writeJson(report)
  if (failed !== undefined) throw failed
  if (!options.json) {
    const about = options.saveConfig === undefined ? [] : [savedLine(options.saveConfig, saved)]
    process.stdout.write(`${[...summaryLines(model, status(), style), ...about].join('\n')}\n`)
  }
  if (report.frames.received === 0) throw failure('no data came before the end', foreign(status()))
  if (report.frames.lost > 0 || report.chk_errors > 0) process.exitCode = ExitCode.dataLost
}

/** A capture on disk comes as fast as it is read. */
function isRecorded(transport: Transport): boolean {
  if (transport.kind !== 'pcap' || transport.path === undefined || transport.path === '-') return false
  return statSync(transport.path, { throwIfNoEntry: false })?.isFile() === true
}

/** Most often it is the IDCODE. */
function foreign({ discardedFrames, idcode }: SourceStatus): string | undefined {
  const count = discardedFrames['foreign-idcode'] ?? 0
  return count > 0 ? `${count} frames came of another IDCODE than ${idcode}` : undefined
}

const savedLine = (file: string, done: boolean): string =>
  done
    ? `configuration saved to ${file}: use it as \`savedConfiguration: ${file}\` in grid.yaml, or with \`phasorbus decode --config ${file}\``
    : `no configuration came, ${file} was not written`

function parseSource(text: string): Transport {
  const result = Transport.safeParse(text)
  if (result.success) return result.data
  throw new InvalidArgumentError(`${result.error.issues.map(firstMessage).join('; ')}.`)
}

/** Of text or object, the user gave text. */
function firstMessage(issue: z.core.$ZodIssue): string {
  const inner = issue.code === 'invalid_union' ? issue.errors[0]?.[0] : undefined
  return inner === undefined ? issue.message : firstMessage(inner)
}
