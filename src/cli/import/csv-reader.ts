import { dataRateOf, framesPerSecond } from '../../c37118/index.ts'
import { isDay } from '../../runtime/iso-time.ts'
import { failure } from '../cli-error.ts'
import { columnsOf, type PlacedColumn } from './csv-columns.ts'
import { type CsvStream, csvStream } from './csv-configuration.ts'
import { CsvLines, type CsvRow } from './csv-lines.ts'

export interface CsvReaderOptions {
  /** Of the file, for what is said of it. */
  readonly name: string
  readonly idcode: number
  /** Per second; from the times of the first rows without it. */
  readonly rate?: number
  /** Nominal frequency; from the frequencies of the first rows without it. */
  readonly nominal?: 50 | 60
}

interface Values {
  readonly timeUs: number
  readonly values: Float64Array
}

/** Rows by which rate and nominal frequency are known. */
const SAMPLE_ROWS = 1000
/** Of a period: times that are further from it are of no rate. */
const RATE_TOLERANCE = 0.02

/** Data frames from CSV, row by row: the first 1,000 rows are kept until the configuration is known. */
export class CsvReader {
  readonly #options: CsvReaderOptions
  readonly #lines: CsvLines
  #columns: readonly PlacedColumn[] | undefined
  #waiting: Values[] = []
  #stream: CsvStream | undefined

  constructor(options: CsvReaderOptions) {
    this.#options = options
    this.#lines = new CsvLines(options.name)
  }

  /** Throws CliError, with line and column, for what is no measurement. */
  *push(bytes: Uint8Array): Generator<readonly [CsvStream, Uint8Array]> {
    for (const row of this.#lines.push(bytes)) yield* this.#row(row)
  }

  *end(): Generator<readonly [CsvStream, Uint8Array]> {
    for (const row of this.#lines.end()) yield* this.#row(row)
    if (!this.#columns) throw failure(`${this.#options.name} is empty`)
    if (!this.#stream && this.#waiting.length > 0) yield* this.#begin(this.#columns)
  }

  *#row(row: CsvRow): Generator<readonly [CsvStream, Uint8Array]> {
    if (!this.#columns) {
      this.#columns = this.#header(row)
      return
    }
    const read = this.#values(row, this.#columns)
    if (this.#stream) {
      yield [this.#stream, this.#stream.frame(read.timeUs, read.values)]
      return
    }
    this.#waiting.push(read)
    if (this.#waiting.length >= SAMPLE_ROWS) yield* this.#begin(this.#columns)
  }

  #header({ line, cells: [time = '', ...headers] }: CsvRow): readonly PlacedColumn[] {
    const where = `${this.#options.name}:${line}`
    if (time.trim().toLowerCase() !== 'time') {
      throw failure(`${where}: the first column is ${time.trim() || 'without a name'}, not time`, HEADER_HINT)
    }
    if (headers.length === 0) throw failure(`${where}: there is no column besides time`, HEADER_HINT)
    return columnsOf(headers, where)
  }

  #values({ line, cells }: CsvRow, columns: readonly PlacedColumn[]): Values {
    const where = `${this.#options.name}:${line}`
    if (cells.length !== columns.length + 1)
      throw failure(`${where}: ${cells.length} fields, where the header has ${columns.length + 1}`)
    const timeUs = timeOf(cells[0]!)
    if (timeUs === undefined)
      throw failure(`${where}: ${cells[0]} is no time`, 'such as 2026-01-31T10:00:00.020000Z; without a zone it is UTC')
    const values = new Float64Array(columns.length)
    for (let at = 0; at < columns.length; at++) values[at] = numberOf(cells[at + 1]!, columns[at]!, where)
    return { timeUs, values }
  }

  *#begin(columns: readonly PlacedColumn[]): Generator<readonly [CsvStream, Uint8Array]> {
    const { name, idcode, nominal = nominalOf(columns, this.#waiting) } = this.#options
    const stream = csvStream({ name, columns, idcode, dataRate: this.#dataRate(), fnom: nominal })
    this.#stream = stream
    for (const { timeUs, values } of this.#waiting) yield [stream, stream.frame(timeUs, values)]
    this.#waiting = []
  }

  #dataRate(): number {
    const { name, rate } = this.#options
    if (rate !== undefined) return dataRateOf(rate)
    const hint = 'say the rate with --rate FRAMES_PER_SECOND'
    const times = this.#waiting.map(({ timeUs }) => timeUs).toSorted((one, other) => one - other)
    const steps = times.slice(1).map((us, at) => us - times[at]!)
    const positive = steps.filter((us) => us > 0).toSorted((one, other) => one - other)
    const stepUs = positive[positive.length >> 1]
    if (stepUs === undefined) throw failure(`${name}: one time says no rate`, hint)
    const found = dataRateOf(1e6 / stepUs)
    if (found === 0 || Math.abs((framesPerSecond(found) * stepUs) / 1e6 - 1) > RATE_TOLERANCE)
      throw failure(`${name}: ${stepUs / 1000} ms from row to row is no rate that C37.118 has`, hint)
    return found
  }
}

const HEADER_HINT = 'it begins such as: time,1.VA.magnitude V,1.VA.angle rad,1.freq Hz'

/** That which most frequencies are nearer to. */
function nominalOf(columns: readonly PlacedColumn[], rows: readonly Values[]): 50 | 60 {
  const at = columns.findIndex(({ kind }) => kind === 'freq')
  const factor = columns[at]?.factor ?? Number.NaN
  const all = rows.map(({ values }) => values[at]! * factor).filter((hz) => Math.abs(hz - 55) < 15)
  return all.filter((hz) => hz > 55).length > all.length / 2 ? 60 : 50
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

function numberOf(cell: string, { kind, header }: PlacedColumn, where: string): number {
  const text = cell.trim()
  if (text === '' || text === 'NaN') return Number.NaN
  const isWord = kind === 'stat' || kind === 'digital'
  // As our own export has them.
  if (!isWord && /^-?Infinity$/.test(text)) return Number(text)
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN
  // As a float of 32 bits holds it.
  if (!Number.isFinite(Math.fround(value)))
    throw failure(
      `${where}: column ${header}: ${text} is no number`,
      'decimal, such as 50.012 or -1.5e-3; empty where absent',
    )
  if (isWord && !(Number.isInteger(value) && value >= 0 && value <= 0xffff))
    throw failure(`${where}: column ${header}: ${text} is no word of 16 bits`, 'from 0 to 65535')
  return value
}

/** µs since the UNIX epoch, as far as SOC goes. */
function timeOf(cell: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/.exec(cell.trim())
  if (!match) return undefined
  const [, day, time, fraction = '', zone = 'Z'] = match
  if (!isDay(day!)) return undefined
  const ms = Date.parse(`${day}T${time}${/^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone}`)
  if (Number.isNaN(ms) || ms < 0 || ms >= 2 ** 32 * 1000) return undefined
  return ms * 1000 + Math.round(Number(`0.${fraction || '0'}`) * 1e6)
}
