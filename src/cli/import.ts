import { Command, Option } from 'commander'
import type { ImportedStream, StoreImport } from '../historian/index.ts'
import { utcMs } from '../runtime/clock.ts'
import { isoTime } from '../runtime/iso-time.ts'
import { type CaptureInput, collect, openCapture, readConfigurations } from './capture-input.ts'
import { failure, usageError } from './cli-error.ts'
import type { CsvReaderOptions } from './import/csv-reader.ts'
import { importCapture } from './import/import-capture.ts'
import { importCsv } from './import/import-csv.ts'
import { parseStreamTopicOption, type StreamTopic } from './import/stream-topics.ts'
import { openTarget, type Target, type TargetOptions, targetOf } from './import/target.ts'
import { anyNumber } from './number-option.ts'
import { createProgress } from './terminal/progress.ts'
import { count } from './terminal/quantity.ts'
import { untilStopped } from './until-stopped.ts'

const help = `
FILE is a capture in any format that \`phasorbus decode\` reads, what \`phasorbus
export\` writes as c37118 or csv, or other CSV with a header such as

  time,1.VA.magnitude V,1.VA.angle rad,1.freq Hz,1.dfreq Hz/s,1.stat,1.digital1,1.power

1 is the PMU; what is left out is absent. Units: V kV A kA, rad deg, Hz mHz, Hz/s.
Times are ISO 8601, UTC without a zone. Values are kept as C37.118 has them, with
the seven digits of float32.

The store belongs to one process: stop the historian first, and start it when the
import is over; what it misses meanwhile heals. Frames that are there already are
not stored again, so an import that was interrupted is simply called again. What
the historian lacks is healed by what is imported; what is of another time is not
in its accounts.

Examples:
  phasorbus import --grid grid.yaml --stream south-italy-113/secondary-station/1156/PMU/765 pmu765.pcap
  phasorbus import --grid grid.yaml --stream 765=… --stream 766=… site.pcapng    # by IDCODE
  phasorbus import --store phasorbus-state/… --stream … --rate 50 day.csv`

interface Options extends TargetOptions {
  readonly stream: readonly StreamTopic[]
  readonly config?: readonly string[]
  readonly rate?: number
  readonly nominal?: '50' | '60'
}

export function importCommand(): Command {
  return new Command('import')
    .summary('bring captures and CSV into the store of a historian')
    .description('Bring captures and CSV into the store of a historian, while it does not run.')
    .argument('FILE...', 'captures, or CSV')
    .requiredOption(
      '--stream <[idcode=]topic>',
      'stream that it becomes; with IDCODE= where a capture has several, and once for each',
      parseStreamTopicOption,
    )
    .option('--grid <file>', 'grid file that has the historian')
    .option('--historian <id>', 'which of its historians, where there are several')
    .option('--store <folder>', 'folder of the store, instead')
    .option(
      '--config <file>',
      'saved configuration frames, for streams whose configuration is not in the capture; may be given again',
      collect,
    )
    .option('--rate <n>', 'of CSV: frames per second; by the times without it', anyNumber(1 / 32_767, 32_767))
    .addOption(
      new Option('--nominal <hz>', 'of CSV: nominal frequency; by the frequencies without it').choices(['50', '60']),
    )
    .addHelpText('after', help)
    .action(importFiles)
}

async function importFiles(files: readonly string[], options: Options): Promise<void> {
  const inputs = await Promise.all(files.map(openCapture))
  const pipe = inputs.find(({ once }) => once)
  if (pipe) throw usageError(`${pipe.name} is no file: it is read twice, and cannot be`)
  const given = (await Promise.all((options.config ?? []).map(readConfigurations))).flat()
  const target = await targetOf(options)
  let isWhole = false
  await untilStopped(async (signal) => [
    {
      done: work(inputs, target, given, options, signal).then((whole) => {
        isWhole = whole
      }),
    },
  ])
  if (!isWhole) throw failure('not all of it is imported yet', 'call it again: what is there is not stored again')
}

/** Says whether it is whole: false where the signal aborted before. */
async function work(
  inputs: readonly CaptureInput[],
  target: Target,
  given: readonly (readonly Uint8Array[])[],
  { stream, rate, nominal }: Options,
  signal: AbortSignal,
): Promise<boolean> {
  const into = await openTarget(target)
  const csv: Pick<CsvReaderOptions, 'rate' | 'nominal'> = {
    ...(rate !== undefined && { rate }),
    ...(nominal !== undefined && { nominal: nominal === '50' ? 50 : 60 }),
  }
  let isWhole = false
  try {
    for (const input of inputs) {
      if (await isCsv(input, signal)) await importCsv(into, input, stream, csv, signal)
      else await importCapture(into, input, stream, given, signal)
      signal.throwIfAborted()
    }
    isWhole = true
  } catch (error) {
    // What came before it is kept where it can be; where it cannot, the error itself says so.
    await into.close().catch(() => {})
    if (!signal.aborted) throw error
  }
  if (isWhole) {
    const sealing = createProgress(process.stderr, { label: 'sealing', total: 1 })
    await into.finish(signal, sealing.at).finally(sealing.end)
  }
  report(into, target)
  return isWhole
}

const HEAD_BYTES = 64
const FIRST_PRINTABLE = 0x20

/** By its first bytes: no capture is text. */
async function isCsv(input: CaptureInput, signal: AbortSignal): Promise<boolean> {
  const isText = (byte: number): boolean => byte >= FIRST_PRINTABLE || byte === 9 || byte === 10 || byte === 13
  for await (const chunk of input.chunks(signal)) return chunk.subarray(0, HEAD_BYTES).every(isText)
  return false
}

function report(into: StoreImport, { keepDays }: Target): void {
  for (const [topic, tally] of into.streams) process.stderr.write(`${topic}: ${tallyText(tally)}\n`)
  const { frames: days } = keepDays
  if (days === undefined) return
  const oldest = Math.min(...[...into.streams.values()].map(({ fromUs }) => fromUs))
  if (oldest < (utcMs() - days * 86_400_000) * 1000)
    process.stderr.write(
      `phasorbus: the historian keeps frames for ${days} days: it removes what is older than that soon after it has started\n`,
    )
}

function tallyText({ added, healed, known, conflicts, fromUs, toUs }: ImportedStream): string {
  const parts = [
    `${count(added, 'frame')} added`,
    ...(healed > 0 ? [`${healed} of them were lacking`] : []),
    ...(known > 0 ? [`${known} were there already`] : []),
    ...(conflicts > 0 ? [`${conflicts} are kept as conflicts: other frames are stored of their times`] : []),
    `${isoTime(fromUs)} to ${isoTime(toUs)}`,
  ]
  return parts.join('; ')
}
