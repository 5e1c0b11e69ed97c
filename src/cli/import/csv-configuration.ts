/** The configuration of measurements that come as CSV: floating point, polar, µs. */
import {
  type Configuration,
  compileEncoder,
  type DataColumns,
  encodeConfiguration,
  FrameError,
  frameTimeOf,
  type PmuConfiguration,
} from '../../c37118/index.ts'
import { failure } from '../cli-error.ts'
import type { PlacedColumn } from './csv-columns.ts'

export interface CsvStream {
  readonly configuration: Configuration
  /** Its frames. */
  readonly fragments: readonly Uint8Array[]
  /** The data frame of a row; NaN: absent. `values` in the order of the columns, in their units. */
  frame(timeUs: number, values: Float64Array): Uint8Array
}

export interface CsvStreamOf {
  /** Of the file, for what is said of it. */
  readonly name: string
  readonly columns: readonly PlacedColumn[]
  readonly idcode: number
  readonly dataRate: number
  readonly fnom: 50 | 60
}

const TIME_BASE = 1_000_000
/** Of a name in CFG-2, in bytes; CFG-3 has 255. */
const SHORT_NAME = 16
const LONG_NAME = 255
/** Of a PMU that has no STAT in this row, though others have one: its data are not there. */
const STAT_ABSENT = 0x8000

/** Throws CliError where the columns are no configuration. */
export function csvStream({ name, columns, idcode, dataRate, fnom }: CsvStreamOf): CsvStream {
  const count = Math.max(...columns.map(({ pmu }) => pmu)) + 1
  const pmus = Array.from({ length: count }, (_, pmu) =>
    pmuOf(name, columns, pmu, count === 1 ? idcode : pmu + 1, fnom),
  )
  const names = pmus.flatMap(({ stn, phasors, analogs }) => [stn, ...phasors.map(nameOf), ...analogs.map(nameOf)])
  const longest = names.reduce((most, text) => Math.max(most, Buffer.byteLength(text)), 0)
  if (longest > LONG_NAME)
    throw failure(`${name}: a name of a channel has ${longest} bytes`, `${LONG_NAME} are the most`)
  const configuration: Configuration = {
    // CFG-2 where it can hold the names: every tool reads it.
    type: longest > SHORT_NAME ? 5 : 3,
    version: 2,
    idcode,
    soc: 0,
    fraction: 0,
    timeQuality: 0,
    timeBase: TIME_BASE,
    timeBaseFlags: 0,
    pmus,
    dataRate,
  }
  const fragments = encoded(name, configuration)
  const encoder = compileEncoder(configuration)
  const data = encoder.createColumns()
  const writers = columns.map((column) => writerOf(column, pmus, columns))
  return {
    configuration,
    fragments,
    frame(timeUs, values) {
      Object.assign(data, frameTimeOf(timeUs, TIME_BASE))
      data.stat.fill(0)
      data.digitals.fill(0)
      for (const quantities of [data.phasors, data.freq, data.dfreq, data.analogs]) quantities.fill(Number.NaN)
      for (let at = 0; at < writers.length; at++) writers[at]!(data, values[at]!)
      return encoder.encode(data)
    },
  }
}

const nameOf = ({ name }: { readonly name: string }): string => name

function encoded(name: string, configuration: Configuration): readonly Uint8Array[] {
  try {
    return encodeConfiguration(configuration)
  } catch (error) {
    if (!(error instanceof FrameError)) throw error
    throw failure(`${name}: its columns are no configuration: ${error.message}`, undefined, { cause: error })
  }
}

function pmuOf(
  file: string,
  columns: readonly PlacedColumn[],
  pmu: number,
  idcode: number,
  fnom: 50 | 60,
): PmuConfiguration {
  const own = columns.filter((column) => column.pmu === pmu)
  if (own.length === 0)
    throw failure(`${file}: there is no column of PMU ${pmu + 1}`, 'PMUs are numbered without a gap')
  const phasors = phasorsOf(columns, pmu)
  for (const of of phasors) {
    const parts = own.flatMap((column) => ('of' in column && column.of === of ? [column.kind] : []))
    if (parts.length < 2)
      throw failure(
        `${file}: the phasor ${pmu + 1}.${of} has no ${parts[0] === 'angle' ? 'magnitude' : 'angle'}`,
        'a phasor has both, in two columns',
      )
  }
  const words = own.reduce((most, column) => ('word' in column ? Math.max(most, column.word + 1) : most), 0)
  return {
    stn: `PMU ${idcode}`,
    idcode,
    format: { polar: true, phasors: 'float32', analogs: 'float32', freq: 'float32' },
    phasors: phasors.map((of) => {
      const magnitude = own.find((column) => column.kind === 'magnitude' && column.of === of)!
      const { name, measures } = magnitude as Extract<PlacedColumn, { kind: 'magnitude' }>
      return { name, kind: measures }
    }),
    analogs: own.flatMap((column) => (column.kind === 'analog' ? [{ name: column.name }] : [])),
    digitals: Array.from({ length: words }, () => ({ labels: Array(16).fill(''), normal: 0, valid: 0xffff })),
    fnom,
    cfgcnt: 0,
  }
}

/** In the order of the columns. */
const phasorsOf = (columns: readonly PlacedColumn[], pmu: number): readonly string[] => [
  ...new Set(columns.flatMap((column) => ('of' in column && column.pmu === pmu ? [column.of] : []))),
]

type Writer = (data: DataColumns, value: number) => void

/** Where a value of this column goes. */
function writerOf(column: PlacedColumn, pmus: readonly PmuConfiguration[], all: readonly PlacedColumn[]): Writer {
  const { pmu, factor } = column
  const before = pmus.slice(0, pmu)
  switch (column.kind) {
    case 'stat':
      return ({ stat }, value) => {
        stat[pmu] = Number.isNaN(value) ? STAT_ABSENT : value
      }
    case 'freq':
    case 'dfreq': {
      const { kind } = column
      return (data, value) => {
        data[kind][pmu] = value * factor
      }
    }
    case 'digital': {
      const at = before.reduce((sum, { digitals }) => sum + digitals.length, column.word)
      return ({ digitals }, value) => {
        digitals[at] = Number.isNaN(value) ? 0 : value
      }
    }
    case 'analog': {
      const own = all.filter((each) => each.kind === 'analog' && each.pmu === pmu)
      const at = before.reduce((sum, { analogs }) => sum + analogs.length, own.indexOf(column))
      return ({ analogs }, value) => {
        analogs[at] = value * factor
      }
    }
    default: {
      const phasor = before.reduce((sum, { phasors }) => sum + phasors.length, phasorsOf(all, pmu).indexOf(column.of))
      const at = 2 * phasor + (column.kind === 'angle' ? 1 : 0)
      return ({ phasors }, value) => {
        phasors[at] = value * factor
      }
    }
  }
}
