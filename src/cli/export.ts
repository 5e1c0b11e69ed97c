import { Command, Option } from 'commander'
import { utcMs } from '../runtime/clock.ts'
import { isoTime } from '../runtime/iso-time.ts'
import { failure, usageError } from './cli-error.ts'
import { ApiClient, DEFAULT_URL } from './historian/api-client.ts'
import type { DataType } from './historian/comtrade/cfg.ts'
import { checkOutput } from './historian/output-file.ts'
import { type ExportFormat, exportFormats, type Written, writeExport } from './historian/write-export.ts'
import { count } from './terminal/quantity.ts'
import { parseTime } from './time-argument.ts'
import { untilStopped } from './until-stopped.ts'

const help = `
STREAM is its topic, as \`phasorbus query\` lists it.

Formats:
  c37118    the frames as they came, configurations in front of the data that they
            describe: \`phasorbus replay\` plays it, \`phasorbus decode\` reads it, and so
            does any C37.118 tool
  csv       a row for each frame, in physical units; empty where data are absent
  parquet   the same as columns; time is in UTC, what is absent is null
  comtrade  IEEE C37.111-2013, FILE.cfg and FILE.dat: magnitudes, angles (rad),
            frequency and analogs, and the bits of FRACSEC, STAT and digital words.
            Where the configuration changed: FILE-1.cfg, FILE-2.cfg, one for each

It is fetched hour by hour into FILE.part, of which FILE is made when it is whole.
An export that was interrupted goes on where it was when it is called again. A FILE
that is there already is kept, unless --force is given.

Times are UTC, ISO 8601 (2026-01-31T10:00), or how long ago: 30m, 2h, 7d. --to is
exclusive.

Where the API wants a token, it is that of --token, or of PHASORBUS_TOKEN in the
environment.

Examples:
  phasorbus export south-italy-113/secondary-station/1156/PMU/765 --from 2h -o pmu765.c37
  phasorbus export south-italy-113/secondary-station/1156/PMU/765 --from 2026-11-01 --to 2026-11-02 --format csv -o day.csv
  phasorbus export STREAM --from 10m --format comtrade --data-type ascii -o event.cfg`

interface Options {
  readonly url: string
  readonly token?: string
  readonly from: Time
  readonly to?: Time
  readonly format: ExportFormat
  readonly dataType: DataType
  readonly output: string
  readonly force?: true
}

interface Time {
  readonly text: string
  readonly us: number
}

const time = (text: string): Time => ({ text, us: parseTime(text) })

export function exportCommand(): Command {
  return new Command('export')
    .summary('get what a historian has of a stream into a file: frames, CSV, Parquet, COMTRADE')
    .description('Write what a historian has of a stream into a file.')
    .argument('STREAM', 'topic of a stream')
    .requiredOption('--from <time>', 'first timestamp', time)
    .option('--to <time>', 'end, exclusive; now without it', time)
    .addOption(new Option('--format <format>', 'of the file').choices(exportFormats).default('c37118'))
    .addOption(
      new Option('--data-type <type>', 'of the data file of COMTRADE')
        .choices(['ascii', 'binary32'])
        .default('binary32'),
    )
    .requiredOption('-o, --output <file>', 'the file')
    .option('--force', 'replace the file where it is there already')
    .option('--url <url>', 'of the historian’s API', DEFAULT_URL)
    .option('--token <token>', 'where the API wants one; or PHASORBUS_TOKEN in the environment')
    .addHelpText('after', help)
    .action(exportStream)
}

async function exportStream(topic: string, options: Options): Promise<void> {
  if (options.format === 'parquet') await (await import('../historian/index.ts')).requireDuckDb()
  await checkOutput(options.output, options.format, options.force === true)
  const client = new ApiClient(options)
  const { channels } = await client.stream(topic)
  const { from, to, format, dataType, output } = options
  const [fromUs, toUs] = [from.us, to?.us ?? utcMs() * 1000]
  if (fromUs >= toUs) throw usageError(`--from ${isoTime(fromUs)} is not before --to ${isoTime(toUs)}`)
  const as = format === 'comtrade' ? `${format} ${dataType}` : format
  const asked = `${topic} as ${as}, from ${from.text} to ${to?.text ?? 'now'}`
  let written: Written | undefined
  await untilStopped(async (signal) => [
    {
      done: writeExport(client, { topic, format, dataType, output, asked, channels, fromUs, toUs }, signal).then(
        (result) => {
          written = result
        },
      ),
    },
  ])
  if (!written) throw failure(`${output} is not whole yet`, 'call it again: it goes on where it was')
  process.stderr.write(`${written.files.join(', ')}: ${count(written.frames, 'data frame')}\n`)
}
