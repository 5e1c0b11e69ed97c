import { Command, InvalidArgumentError } from 'commander'
import { StreamReader, startBus } from '../bus/index.ts'
import { createMetrics } from '../runtime/metrics.ts'
import { ContractError, checkFilter } from '../streams/index.ts'
import { type BrokerOptions, brokerConfigOf, watchingFailures, withBrokerOptions } from './broker-options.ts'
import { failure } from './cli-error.ts'
import { parseDuration } from './duration.ts'
import { brokerFault } from './tap/broker-fault.ts'
import { createTapPresenter } from './tap/presenter.ts'
import { TapModel } from './tap/tap-model.ts'
import { createStyle } from './terminal/style.ts'
import { untilStopped } from './until-stopped.ts'

const help = `
TOPIC is a stream, or a filter over streams: + is one level, a last # is all below.
A stream's topic is AREA/LOCATION-TYPE/LOCATION-ID/PMU|PDC/ID.

On a terminal the newest values of every stream are drawn anew; otherwise a line
is printed per stream and second. With --json every frame is a line of its own,
with the fields that \`phasorbus decode --json\` prints, after one line per
configuration.

Examples:
  phasorbus tap south-italy-113/secondary-station/1156/PMU/765
  phasorbus tap 'south-italy-113/+/+/PMU/#' --broker mqtts://pop-7:8883 --ca ca.pem
  phasorbus tap '#' --for 10s --json | jq -c 'select(.type == "data") | [.timestamp, .pmus[0].freq_hz]'

Exit codes: 0 done, 1 the broker cannot be reached or nothing came within --for,
2 a mistake in the command.`

interface Options extends BrokerOptions {
  readonly for?: number
  readonly json?: true
}

export function tapCommand(): Command {
  const command = new Command('tap')
    .summary('watch streams on the bus, decoded')
    .description('Subscribe to streams on the MQTT bus and show what they carry, decoded.')
    .argument('<TOPIC>', 'topic of a stream, or a filter', parseTopic)
  return withBrokerOptions(command)
    .option('--for <TIME>', 'end after so much time: 10s, 2m', parseDuration)
    .option('--json', 'print one object per line: configurations, frames, states')
    .addHelpText('after', help)
    .action(tap)
}

async function tap(filter: string, options: Options): Promise<void> {
  const config = brokerConfigOf(options, 'tap')
  const model = new TapModel()
  const presenter = createTapPresenter(model, {
    filter,
    style: createStyle(process.stdout),
    json: options.json === true,
  })
  let failed: Error | undefined
  let timer: NodeJS.Timeout | undefined

  await untilStopped(async (signal, stop) => {
    const fail = (error: Error): void => {
      failed ??= error
      stop()
    }
    signal.addEventListener('abort', () => {
      model.ending = true
    })
    const metrics = createMetrics()
    const log = watchingFailures((error) => {
      if (!model.connected) fail(brokerFault(error))
    })
    const bus = startBus(config, { signal, log, metrics })
    bus.onConnect(() => {
      model.connected = true
    })
    const reader = new StreamReader({ bus, filter, sink: presenter.sink }, { log, metrics })
    reader.granted.catch((error: unknown) => {
      if (!signal.aborted) fail(error instanceof Error ? error : new Error(String(error)))
    })
    if (options.for !== undefined) timer = setTimeout(stop, options.for)
    presenter.start()
    return [{ done: bus.done.finally(() => reader.close()) }]
  }).finally(() => {
    clearTimeout(timer)
    presenter.end()
  })
  if (failed) throw failed
  if (options.for !== undefined && model.frames === 0) {
    throw failure(
      `no frame came on ${filter}`,
      model.streams.size > 0 ? 'streams are known, but nothing is sent' : 'no stream is known there; `#` shows all',
    )
  }
}

/** AREA/LOCATION-TYPE/LOCATION-ID/TYPE/ID */
const STREAM_LEVELS = 5

function parseTopic(text: string): string {
  try {
    checkFilter(text)
  } catch (error) {
    if (error instanceof ContractError) throw new InvalidArgumentError(error.message)
    throw error
  }
  const levels = text.split('/').length
  if (text.endsWith('#') ? levels <= STREAM_LEVELS + 1 : levels === STREAM_LEVELS) return text
  throw new InvalidArgumentError(
    `No stream is there: a stream's topic has ${STREAM_LEVELS} levels, this has ${levels}; end it with /# for all below.`,
  )
}
