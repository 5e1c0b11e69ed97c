import { Command, Option } from 'commander'
import { utcMs } from '../runtime/clock.ts'
import { isoTime } from '../runtime/iso-time.ts'
import { failure, usageError } from './cli-error.ts'
import { ApiClient, DEFAULT_URL, type StoredStream } from './historian/api-client.ts'
import { csvFrames, type ExportFile, plainFrames } from './historian/export-file.ts'
import { PartFile } from './historian/part-file.ts'
import { createProgress } from './terminal/progress.ts'
import { count } from './terminal/quantity.ts'
import { parseTime } from './time-argument.ts'
import { untilStopped } from './until-stopped.ts'

const help = `
STREAM is its topic, as \`phasorbus query\` lists it.

Formats:
  c37118  the frames as they came, configurations in front of the data that they
          describe: \`phasorbus replay\` plays it, \`phasorbus decode\` reads it, and so
          does any C37.118 tool
  csv     a row for each frame, in physical units; empty where data are absent

It is written hour by hour into FILE.part, which becomes FILE when it is whole. An
export that was interrupted goes on where it was when it is called again.

Times are UTC, ISO 8601 (2026-01-31T10:00), or how long ago: 30m, 2h, 7d. --to is
exclusive.

Examples:
  phasorbus export south-italy-113/secondary-station/1156/PMU/765 --from 2h -o pmu765.c37
  phasorbus export south-italy-113/secondary-station/1156/PMU/765 --from 2026-11-01 --to 2026-11-02 --format csv -o day.csv`

interface Options {
  readonly url: string
  readonly token?: string
  readonly from: Time
  readonly to?: Time
  readonly format: 'c37118' | 'csv'
  readonly output: string
}

interface Time {
  readonly text: string
  readonly us: number
}

const time = (text: string): Time => ({ text, us: parseTime(text) })

const HOUR_US = 3_600_000_000

export function exportCommand(): Command {
  return new Command('export')
    .summary('get what a historian has of a stream into a file: CSV, or frames')
    .description('Write what a historian has of a stream into a file.')
    .argument('STREAM', 'topic of a stream')
    .requiredOption('--from <time>', 'first timestamp', time)
    .option('--to <time>', 'end, exclusive; now without it', time)
    .addOption(new Option('--format <format>', 'of the file').choices(['c37118', 'csv']).default('c37118'))
    .requiredOption('-o, --output <file>', 'the file')
    .option('--url <url>', 'of the historian’s API', DEFAULT_URL)
    .option('--token <token>', 'where the API wants one; or PHASORBUS_TOKEN in the environment')
    .addHelpText('after', help)
    .action(exportStream)
}

async function exportStream(topic: string, options: Options): Promise<void> {
  const client = new ApiClient(options)
  const stream = await client.stream(topic)
  const { from, to, output } = options
  const [fromUs, toUs] = [from.us, to?.us ?? utcMs() * 1000]
  if (fromUs >= toUs) throw usageError(`--from ${isoTime(fromUs)} is not before --to ${isoTime(toUs)}`)
  const result = { frames: 0, isDone: false }
  await untilStopped(async (signal) => [{ done: write(client, stream, { ...options, fromUs, toUs }, result, signal) }])
  if (!result.isDone) throw failure(`${output} is not whole yet`, 'call it again: it goes on where it was')
  process.stderr.write(`${output}: ${count(result.frames, 'data frame')}\n`)
}

async function write(
  client: ApiClient,
  stream: StoredStream,
  options: Options & { readonly fromUs: number; readonly toUs: number },
  result: { frames: number; isDone: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { from, to, fromUs, toUs, format, output } = options
  const { stream: topic, channels } = stream
  const asked = `${topic} as ${format}, from ${from.text} to ${to?.text ?? 'now'}`
  const part = await PartFile.open(output, { stream: topic, format, asked, channels, fromUs, toUs })
  const file: ExportFile = format === 'csv' ? csvFrames(part.channels) : plainFrames()
  const progress = createProgress(process.stderr, { label: 'exporting', total: part.toUs - part.fromUs })
  try {
    if (part.nextUs === part.fromUs) await part.write(file.begin())
    while (part.nextUs < part.toUs && !signal.aborted) {
      const endUs = Math.min(part.toUs, (Math.floor(part.nextUs / HOUR_US) + 1) * HOUR_US)
      const hour = { stream: stream.stream, fromUs: part.nextUs, toUs: endUs }
      for await (const bytes of await client.frames(hour, signal)) await part.write(file.bytes(bytes))
      await part.reached(endUs, file.takeFrames())
      progress.at(endUs - part.fromUs)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    progress.end()
    await part.close()
  }
  result.frames = part.frames
  result.isDone = part.nextUs >= part.toUs
  if (result.isDone) await part.finish()
}
