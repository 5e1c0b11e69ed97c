import { Command, InvalidArgumentError } from 'commander'
import type { RangeAnswer } from '../api/index.ts'
import { utcMs } from '../runtime/clock.ts'
import { csvRow } from '../runtime/csv.ts'
import { isoTime } from '../runtime/iso-time.ts'
import { usageError } from './cli-error.ts'
import { ApiClient, DEFAULT_URL } from './historian/api-client.ts'
import { completenessText } from './historian/completeness-text.ts'
import { formatMs } from './terminal/quantity.ts'
import { parseTime } from './time-argument.ts'

const help = `
Without STREAM: the streams that are stored. With it: its channels. With CHANNELs:
their values, as CSV, each with the times at which it has them.

Where there are more values than --points, the least and the greatest of each part
of the time are given, so that nothing that stands out is lost: standard error says
so, and \`raw\` of --json is false.

With --completeness: how many of its timestamps are held, and why the others are not.

Times are UTC, ISO 8601 (2026-01-31T10:00, 2026-01-31 10:00:00.020), or how long
ago: 90s, 30m, 2h, 7d. --to is exclusive.

Where the API wants a token, it is that of --token, or of PHASORBUS_TOKEN in the
environment.

Examples:
  phasorbus query
  PHASORBUS_TOKEN=… phasorbus query --url https://historian.example
  phasorbus query south-italy-113/secondary-station/1156/PMU/765
  phasorbus query south-italy-113/secondary-station/1156/PMU/765 1.freq --from 10m
  phasorbus query south-italy-113/secondary-station/1156/PMU/765 --completeness --from 1d --parts 24
  phasorbus query STREAM 1.VA.magnitude 1.VA.angle --from 2h --to 1h --points 500 --json`

interface Options {
  readonly url: string
  readonly token?: string
  readonly from?: number
  readonly to?: number
  readonly points: number
  readonly completeness?: boolean
  readonly parts: number
  readonly json?: boolean
}

const TEN_MINUTES_US = 600e6

export function queryCommand(): Command {
  return new Command('query')
    .summary('ask a historian: streams, channels, values over a time, what is missing')
    .description('Ask a historian what it has.')
    .argument('[STREAM]', 'topic of a stream')
    .argument('[CHANNEL...]', 'channels of it, such as 1.freq')
    .option('--from <time>', 'first timestamp; ten minutes before --to without it', parseTime)
    .option('--to <time>', 'end, exclusive; now without it', parseTime)
    .option('--points <number>', 'values of each channel at most', wholeNumber(2, 20_000), 1000)
    .option('--completeness', 'how much is held, and why not all')
    .option('--parts <number>', 'with --completeness: in how many parts it is told, too', wholeNumber(1, 2000), 1)
    .option('--url <url>', 'of the historian’s API', DEFAULT_URL)
    .option('--token <token>', 'where the API wants one; or PHASORBUS_TOKEN in the environment')
    .option('--json', 'as JSON')
    .addHelpText('after', help)
    .action(query)
}

async function query(stream: string | undefined, channels: readonly string[], options: Options): Promise<void> {
  const client = new ApiClient(options)
  const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`)
  if (stream === undefined) {
    const streams = await client.streams()
    if (options.json) print(streams)
    else
      for (const { stream: topic, channels: all } of streams) process.stdout.write(`${topic}  ${all.length} channels\n`)
    return
  }
  const toUs = options.to ?? utcMs() * 1000
  const fromUs = options.from ?? toUs - TEN_MINUTES_US
  if (fromUs >= toUs) throw usageError(`--from ${isoTime(fromUs)} is not before --to ${isoTime(toUs)}`)
  if (options.completeness) {
    if (channels.length > 0) throw usageError('--completeness is of a stream, whatever its channels', 'leave them out')
    const found = await client.completeness({ stream, fromUs, toUs, parts: options.parts })
    if (options.json) print(found)
    else process.stdout.write(completenessText(found))
    return
  }
  if (channels.length === 0) {
    const { channels: all } = await client.stream(stream)
    if (options.json) print(all)
    else for (const { id, unit } of all) process.stdout.write(`${id}${unit === '' ? '' : `  ${unit}`}\n`)
    return
  }
  const answer = await client.range({ stream, channels, fromUs, toUs, points: options.points })
  if (options.json) print(answer)
  else process.stdout.write(csvOf(answer))
  if (!answer.raw && !options.json) process.stderr.write(`${extremesText(toUs - fromUs, options.points)}\n`)
}

/** What values are where those are not all. */
function extremesText(lengthUs: number, points: number): string {
  const partMs = lengthUs / Math.floor(points / 2) / 1000
  return `least and greatest of each part: ${formatMs(partMs)} long; --points more, or a shorter period, gives every value`
}

/** A row for each time at which a channel has a value. */
function csvOf({ series }: RangeAnswer): string {
  const rows = new Map<number, string[]>()
  series.forEach(({ times_us, values }, at) => {
    times_us.forEach((us, n) => {
      const row = rows.get(us) ?? series.map(() => '')
      rows.set(us, row)
      row[at] = values[n] === null ? '' : String(values[n])
    })
  })
  const head = csvRow(['time', ...series.map(({ channel, unit }) => `${channel} ${unit}`.trim())])
  const inOrder = [...rows].toSorted(([one], [other]) => one - other)
  return head + inOrder.map(([us, cells]) => csvRow([isoTime(us), ...cells])).join('')
}

const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const number = Number(text)
    if (Number.isInteger(number) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It is a whole number, from ${least} to ${most}.`)
  }
