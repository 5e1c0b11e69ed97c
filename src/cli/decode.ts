import { fstatSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { FrameType } from '../c37118/index.ts'
import type { CaptureReport } from '../capture/index.ts'
import {
  type CaptureInput,
  collect,
  faultText,
  openCapture,
  readCapture,
  readConfigurations,
  readingProgress,
  watched,
} from './capture-input.ts'
import { CliError, failure } from './cli-error.ts'
import { CaptureDecoder, type Knowledge } from './decode/capture-decoder.ts'
import { Printer, type PrinterOptions } from './decode/printer.ts'
import { captureJson, captureText, streamJson, summaryLines } from './decode/summary.ts'
import { Survey } from './decode/survey.ts'
import { wholeNumber } from './number-option.ts'
import { writeJson } from './output.ts'
import { noProgress } from './terminal/progress.ts'
import { count } from './terminal/quantity.ts'
import { createStyle } from './terminal/style.ts'
import { untilStopped } from './until-stopped.ts'

const examples = `
The format is found out from the content: pcap, pcapng, a raw stream of frames,
.PmuCapture. C37.118 is found on whatever port, by its CHK; other traffic is
passed over. Without --summary, one line per frame: stream, direction (> as the
connection was opened, < back), kind, timestamp, values. A timestamp with ~ was
computed with a TIME_BASE that the capture does not tell.

Examples:
  phasorbus decode site.pcap
  phasorbus decode --summary site.pcap                    # what is in there, and what is missing
  phasorbus decode --summary --json site.pcap | jq '.streams[].frames'
  phasorbus decode --json --type data site.pcap | jq '.pmus[0].freq_hz'
  phasorbus decode --config pmu7.cfg data-only.pcapng     # as \`connect --save-config pmu7.cfg\` wrote it
  tcpdump -i mirror0 -U -w - port 4712 | phasorbus decode -

Exit codes: 0 everything was read and is right, 1 nothing could be read,
2 usage, 3 it was read, but is damaged or incomplete: the file ends inside a
packet, bytes with a wrong CHK, TCP bytes that were not captured.`

interface Options extends PrinterOptions {
  readonly config?: readonly string[]
  readonly timeBase?: number
}

export function decodeCommand(): Command {
  return new Command('decode')
    .summary('decode a capture: pcap, pcapng, raw frames, PmuCapture')
    .description('Decode the C37.118 frames of a capture.')
    .argument('FILE', 'the capture; - is standard input')
    .option('--summary', 'one line per stream instead of one per frame')
    .option('--json', 'one JSON object per frame and line; with --summary one object: { streams: [...] }')
    .option(
      '--config <file>',
      'saved configuration frames, for streams whose configuration is not in the capture; may be given again',
      collect,
    )
    .option('--time-base <n>', 'TIME_BASE of streams without a configuration', wholeNumber(1, 0xffffff))
    .option('--idcode <n>', 'only frames of this IDCODE', wholeNumber(1, 0xffff))
    .addOption(new Option('--type <type>', 'only frames of this type').choices(Object.keys(FrameType)))
    .option('--limit <n>', 'end after so many frames', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .addHelpText('after', examples)
    .action(decode)
}

async function decode(file: string, options: Options): Promise<void> {
  // A capture from a pipe goes on for ever: stopped, it still says what it saw.
  await untilStopped(async (signal) => [{ done: decodeUntil(signal, file, options) }])
}

async function decodeUntil(signal: AbortSignal, file: string, options: Options): Promise<void> {
  const input = await openCapture(file)
  const given = await Promise.all((options.config ?? []).map(readConfigurations))
  const surveyed = input.once ? {} : await survey(input, options, signal)
  const print = new Printer(options)
  const decoder = new CaptureDecoder((frame) => print.frame(frame), {
    given: given.flat(),
    ...surveyed,
    ...(options.timeBase !== undefined && { timeBase: options.timeBase }),
  })

  const progress =
    options.json || (!options.summary && !isFile(STDOUT)) ? noProgress : readingProgress('decoding', input)
  await readCapture(watched(input, progress), decoder, signal, async () => {
    await print.flush()
    return print.limited
  }).finally(progress.end)
  // A Ctrl-C that ended what writes the pipe is for us too: the end must not be taken for damage.
  if (input.once) await nextTurn()
  const report = decoder.end()
  if (report.frames === 0 && !signal.aborted) throw nothingFound(input, report)
  if (options.summary && options.json) {
    writeJson({
      file: input.name,
      streams: decoder.streams.map(streamJson),
      capture: captureJson(report),
    })
  } else if (options.summary) {
    print.lines(summaryLines(decoder.streams, report, createStyle(process.stdout)))
  }
  await print.flush()
  // Whoever stops the reading has no end to miss.
  if (!signal.aborted && !print.limited) reportDamage(decoder, report)
}

const STDOUT = 1

/** Frames that a terminal, or a pager behind a pipe, shows would run into the bar. */
const isFile = (fd: number): boolean => fstatSync(fd).isFile()

async function survey(
  input: CaptureInput,
  { json }: Options,
  signal: AbortSignal,
): Promise<Pick<Knowledge, 'later' | 'inferred'>> {
  const first = new Survey()
  const progress = json ? noProgress : readingProgress('looking through', input)
  await readCapture(watched(input, progress), first, signal).finally(progress.end)
  return first.end()
}

function nothingFound({ name }: CaptureInput, report: CaptureReport): CliError {
  if (report.fault && report.packets === 0) return failure(`${name}: ${faultText(report.fault)}`)
  if (report.format === 'empty') return failure(`${name} is empty`)
  return failure(
    `${name} has no C37.118 frame with a right CHK (${captureText(report)})`,
    report.format === 'raw' ? 'it is no pcap, no pcapng, and no stream of frames' : undefined,
  )
}

/** What was read is printed; that something is missing is the last word, and the exit code. */
function reportDamage(decoder: CaptureDecoder, report: CaptureReport): void {
  const sum = (of: (tally: CaptureDecoder['streams'][number]['tally']) => number): number =>
    decoder.streams.reduce((total, { tally }) => total + of(tally), 0)
  const damage = [
    report.fault && faultText(report.fault),
    amount(
      sum(({ chkErrors }) => chkErrors),
      'wrong CHK',
    ),
    amount(
      sum(({ discardedBytes }) => discardedBytes),
      'byte',
      'outside of frames',
    ),
    amount(
      sum(({ missingBytes }) => missingBytes),
      'TCP byte',
      'not captured',
    ),
  ].filter((text) => text !== undefined && text !== '')
  if (damage.length > 0) throw new CliError({ code: 'CLI_DATA_LOST' }, `the capture is damaged: ${damage.join('; ')}`)
}

function amount(number: number, what: string, how = ''): string {
  return number === 0 ? '' : `${count(number, what)} ${how}`.trim()
}
