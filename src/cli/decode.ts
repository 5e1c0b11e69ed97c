import { Command, InvalidArgumentError, Option } from 'commander'
import { FrameError, FrameType } from '../c37118/index.ts'
import {
  CaptureError,
  type CaptureFault,
  type CaptureReport,
  configurationsIn,
  FrameExtractor,
} from '../capture/index.ts'
import { CliError, failure } from './cli-error.ts'
import { CaptureDecoder, type DecodedFrame, type Knowledge } from './decode/capture-decoder.ts'
import { frameJson } from './decode/frame-json.ts'
import { frameLine, streamLine } from './decode/frame-line.ts'
import { type Input, openInput } from './decode/input.ts'
import { captureText, streamJson, summaryLines } from './decode/summary.ts'
import { Survey } from './decode/survey.ts'
import { writeJson } from './output.ts'
import { count } from './terminal/quantity.ts'
import { createStyle } from './terminal/style.ts'

const examples = `
The format is found out from the content: pcap, pcapng, a raw stream of frames,
.PmuCapture. C37.118 is found on whatever port, by its CHK; other traffic is
passed over. Without --summary, one line per frame: stream, direction (> as the
connection was opened, < back), kind, timestamp, values. A timestamp with ~ was
computed with a TIME_BASE that the capture does not tell.

Examples:
  phasorbus decode site.pcap
  phasorbus decode --summary site.pcap                    what is in there, and what is missing
  phasorbus decode --summary --json site.pcap | jq '.streams[].frames'
  phasorbus decode --json --type data site.pcap | jq '.pmus[0].freq_hz'
  phasorbus decode --config pmu7.cfg data-only.pcapng     as \`connect --save-config pmu7.cfg\` wrote it
  tcpdump -i mirror0 -U -w - port 4712 | phasorbus decode -

Exit codes: 0 everything was read and is right, 1 nothing could be read,
2 usage, 3 it was read, but is damaged or incomplete: the file ends inside a
packet, bytes with a wrong CHK, TCP bytes that were not captured.`

interface Options {
  readonly json?: true
  readonly summary?: true
  readonly config?: readonly string[]
  readonly timeBase?: number
  readonly idcode?: number
  readonly type?: keyof typeof FrameType
  readonly limit?: number
}

export function decodeCommand(): Command {
  return new Command('decode')
    .summary('decode a capture: pcap, pcapng, raw frames, PmuCapture')
    .description('Decode the C37.118 frames of a capture.')
    .argument('FILE', 'the capture; - is standard input')
    .option('--summary', 'one line per stream instead of one per frame')
    .option('--json', 'one JSON object per frame and line; with --summary one object: { streams: [...] }')
    .option('--config <file...>', 'saved configuration frames, for streams whose configuration is not in the capture')
    .option('--time-base <n>', 'TIME_BASE of streams without a configuration', positive(0xffffff))
    .option('--idcode <n>', 'only frames of this IDCODE', positive(0xffff))
    .addOption(new Option('--type <type>', 'only frames of this type').choices(Object.keys(FrameType)))
    .option('--limit <n>', 'end after so many frames', positive(Number.MAX_SAFE_INTEGER))
    .addHelpText('after', examples)
    .action(decode)
}

async function decode(file: string, options: Options): Promise<void> {
  const input = await openInput(file)
  const given = await Promise.all((options.config ?? []).map(readConfigurations))
  const surveyed = input.once ? {} : await survey(input)
  const print = new Printer(options)
  const decoder = new CaptureDecoder((frame) => print.frame(frame), {
    given: given.flat(),
    ...surveyed,
    ...(options.timeBase !== undefined && { timeBase: options.timeBase }),
  })

  await pushAll(input, decoder, print)
  const report = decoder.end()
  if (report.frames === 0) throw nothingFound(input, report)
  if (options.summary && options.json) {
    const { frames, fault, ...rest } = report
    writeJson({
      file: input.name,
      streams: decoder.streams.map(streamJson),
      capture: { ...rest, fault: fault ?? null },
    })
  } else if (options.summary) {
    print.lines(summaryLines(decoder.streams, report, createStyle(process.stdout)))
  }
  await print.flush()
  reportDamage(decoder, report, print.limited)
}

/** Stops at the end, at the limit, or where the file is damaged: then `report.fault` says so. */
async function pushAll(input: Input, decoder: { push(chunk: Uint8Array): void }, print?: Printer): Promise<void> {
  try {
    for await (const chunk of input.chunks()) {
      decoder.push(chunk)
      await print?.flush()
      if (print?.limited) break
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
  }
}

async function survey(input: Input): Promise<Pick<Knowledge, 'later' | 'inferred'>> {
  const first = new Survey()
  await pushAll(input, first)
  return first.end()
}

async function readConfigurations(file: string): Promise<Uint8Array[][]> {
  const frames: Uint8Array[] = []
  const extractor = new FrameExtractor({ frame: (frame) => frames.push(frame) })
  await pushAll(await openInput(file), extractor)
  extractor.end()
  try {
    const found = configurationsIn(frames)
    if (found.length > 0) return found
  } catch (error) {
    if (!(error instanceof FrameError)) throw error
    throw failure(`${file}: ${error.message}`, undefined, { cause: error })
  }
  throw failure(`${file} has no CFG-2 or CFG-3 frame`, 'save one with `phasorbus connect … --save-config FILE`')
}

/** Gathers what a chunk gives, so that a pipe sees few large writes; waits when its reader does not keep up. */
class Printer {
  readonly #options: Options
  readonly #style = createStyle(process.stdout)
  readonly #introduced = new Set<number>()
  #lines: string[] = []
  #printed = 0

  constructor(options: Options) {
    this.#options = options
  }

  get limited(): boolean {
    return this.#printed >= (this.#options.limit ?? Number.POSITIVE_INFINITY)
  }

  frame(decoded: DecodedFrame): void {
    const { summary, json, idcode, type } = this.#options
    if (summary || this.limited) return
    if (idcode !== undefined && decoded.header.idcode !== idcode) return
    if (type !== undefined && decoded.header.type !== FrameType[type]) return
    this.#printed++
    if (json) {
      this.#lines.push(JSON.stringify(frameJson(decoded)))
      return
    }
    const { stream } = decoded
    if (!this.#introduced.has(stream.number)) this.#lines.push(streamLine(stream, this.#style))
    this.#introduced.add(stream.number)
    this.#lines.push(frameLine(decoded, this.#style))
  }

  lines(lines: readonly string[]): void {
    this.#lines.push(...lines)
  }

  async flush(): Promise<void> {
    if (this.#lines.length === 0) return
    const text = `${this.#lines.join('\n')}\n`
    this.#lines = []
    if (!process.stdout.write(text)) await new Promise<void>((resolve) => process.stdout.once('drain', resolve))
  }
}

function nothingFound({ name }: Input, report: CaptureReport): CliError {
  if (report.fault && report.packets === 0) return failure(`${name}: ${faultText(report.fault)}`)
  if (report.format === 'empty') return failure(`${name} is empty`)
  return failure(
    `${name} has no C37.118 frame with a right CHK (${captureText(report)})`,
    report.format === 'raw' ? 'it is no pcap, no pcapng, and no stream of frames' : undefined,
  )
}

/** What was read is printed; that something is missing is the last word, and the exit code. */
function reportDamage(decoder: CaptureDecoder, report: CaptureReport, limited: boolean): void {
  if (limited) return
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

function faultText(fault: CaptureFault): string {
  switch (fault.code) {
    case 'CAPTURE_TRUNCATED':
      return `it ends inside a packet at byte ${fault.offset} (${fault.have} of ${fault.need} bytes are there)`
    case 'CAPTURE_COMPRESSED':
      return `it is compressed (${fault.format}): decompress it first`
    case 'CAPTURE_VERSION_UNSUPPORTED':
      return `version ${fault.major}.${fault.minor} of its format is not known`
    case 'CAPTURE_TOO_LARGE':
      return `a record at byte ${fault.offset} claims ${fault.size} bytes (at most ${fault.max}); nothing behind it can be read`
    case 'CAPTURE_BAD_BLOCK':
      return `${fault.what} ${fault.value} at byte ${fault.offset}; nothing behind it can be read`
  }
}

function positive(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < 1 || value > max) throw new InvalidArgumentError(`1 to ${max}.`)
    return value
  }
}
