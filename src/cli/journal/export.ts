import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { Command } from 'commander'
import type { InspectedStream } from '../../journal/index.ts'
import { CliError, failure, usageError } from '../cli-error.ts'
import { type FrameFile, pcapFrames, rawFrames } from '../frame-file.ts'
import { createProgress } from '../terminal/progress.ts'
import { count, formatSpan } from '../terminal/quantity.ts'
import { parseTime } from '../time-argument.ts'
import { untilStopped } from '../until-stopped.ts'
import { openJournals, utcText } from './open.ts'

const help = `
TOPIC is the stream, as \`phasorbus journal ls\` lists it. What goes out is what
came: the very frames, configurations in front of the data that they describe.

Times are UTC, ISO 8601 (2026-01-31T10:00, 2026-01-31 10:00:00.020), or how long
ago: 90s, 30m, 2h, 7d. --to is exclusive.

Examples:
  phasorbus journal export area/substation/1/PMU/765 phasorbus-state -o pmu765.c37
  phasorbus journal export area/substation/1/PMU/765 phasorbus-state --from 2h --to 1h -o pmu765.pcap
  phasorbus journal export area/substation/1/PMU/765 phasorbus-state -o - | phasorbus decode --summary -

Exit codes: 0 done, 1 there is no such stream, or nothing of that time, 2 usage,
3 done, but frames of that time are known to be lost.`

interface Options {
  readonly from?: number
  readonly to?: number
  readonly output: string
}

export function exportCommand(): Command {
  return new Command('export')
    .summary('write what came of a stream into a file: raw frames, or pcap')
    .description('Write what a journal has of a stream into a file.')
    .argument('TOPIC', 'the stream')
    .argument('FOLDER', 'a journal, or a folder with journals below it')
    .option('--from <time>', 'first timestamp; all that is kept without it', parseTime)
    .option('--to <time>', 'end, exclusive', parseTime)
    .requiredOption(
      '-o, --output <file>',
      'NAME.pcap is written as pcap, any other as raw frames; - is standard output',
    )
    .addHelpText('after', help)
    .action(exportFrames)
}

const PAGE_BYTES = 1024 * 1024

async function exportFrames(topic: string, folder: string, options: Options): Promise<void> {
  const stream = await findStream(topic, folder)
  const { span } = stream
  if (!span) throw failure(`nothing is kept of ${topic}`)
  const fromUs = options.from ?? span.fromUs
  const toUs = options.to ?? Math.max(fromUs, span.toUs) + 1
  if (fromUs >= toUs) throw usageError(`--from ${utcText(fromUs)} is not before --to ${utcText(toUs)}`)
  const result = { frames: 0, lostUs: 0 }
  await untilStopped(async (signal) => [{ done: writeRange(stream, { fromUs, toUs }, options.output, result, signal) }])
  if (result.frames === 0) {
    throw failure(
      `nothing is kept of ${topic} from ${utcText(fromUs)} to ${utcText(toUs)}`,
      `it is kept from ${utcText(span.fromUs)} to ${utcText(span.toUs)}`,
    )
  }
  if (options.output !== '-') process.stderr.write(`${options.output}: ${count(result.frames, 'data frame')}\n`)
  if (result.lostUs > 0) {
    const text = formatSpan(result.lostUs / 1000)
    throw new CliError({ code: 'CLI_DATA_LOST' }, `frames are lost within ${text} of that time`)
  }
}

async function findStream(topic: string, folder: string): Promise<InspectedStream> {
  const journals = await openJournals(folder, (name) => name === topic)
  const found = journals.flatMap(({ folder: path, streams }) => streams.map((stream) => ({ path, stream })))
  if (found.length === 0)
    throw failure(`${folder} has no stream ${topic}`, `\`phasorbus journal ls ${folder}\` lists them`)
  if (found.length > 1) {
    throw usageError(
      `${found.length} journals below ${folder} have ${topic}`,
      `give one of them: ${found.map(({ path }) => path).join(', ')}`,
    )
  }
  return found[0]!.stream
}

async function writeRange(
  { reader }: InspectedStream,
  range: { readonly fromUs: number; readonly toUs: number },
  output: string,
  result: { frames: number; lostUs: number },
  signal: AbortSignal,
): Promise<void> {
  let target: Writable | undefined
  const file: FrameFile = /\.pcap$/i.test(output) ? pcapFrames() : rawFrames()
  const progress = createProgress(process.stderr, { label: 'exporting', total: range.toUs - range.fromUs })
  const waiting = [file.begin()]
  /** A file that is there is not touched before there is something to write. */
  const write = async (bytes: Uint8Array): Promise<void> => {
    waiting.push(bytes)
    if (file.dataFrames === 0) return
    target ??= output === '-' ? process.stdout : await opened(output)
    for (const each of waiting.splice(0)) if (!target.write(each)) await once(target, 'drain')
  }
  try {
    let cursor: string | undefined
    do {
      const page = await reader.read({ ...range, maxBytes: PAGE_BYTES, ...(cursor === undefined ? {} : { cursor }) })
      for (const frame of page.frames) await write(file.frame(frame))
      result.frames = file.dataFrames
      progress.at(Math.max(0, file.lastUs - range.fromUs))
      cursor = page.cursor
      const lost = page.absent.filter(({ verdict, reason }) => verdict === 'lost' && reason !== 'crash-window')
      result.lostUs = lost.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0)
    } while (cursor !== undefined && !signal.aborted)
  } finally {
    progress.end()
  }
  if (output === '-' || !target) return
  target.end()
  await finished(target)
}

async function opened(path: string): Promise<Writable> {
  const file = createWriteStream(path)
  await once(file, 'open')
  return file
}
