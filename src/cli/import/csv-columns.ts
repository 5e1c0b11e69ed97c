/** What the columns of a CSV file are, by its header. */
import { failure } from '../cli-error.ts'

/*
  header  => time , column , …
  column  => PMU . channel unit
  PMU     => 1 and up; 1 where it is left out
  channel => stat | freq | dfreq | digitalN | name.magnitude | name.angle | name of an analog
*/
export type CsvColumn =
  | { readonly kind: 'stat' | 'freq' | 'dfreq' }
  /** `word`: from 0. */
  | { readonly kind: 'digital'; readonly word: number }
  /** `of`: the phasor, as its other part names it. */
  | { readonly kind: 'magnitude'; readonly of: string; readonly name: string; readonly measures: 'voltage' | 'current' }
  | { readonly kind: 'angle'; readonly of: string; readonly name: string }
  | { readonly kind: 'analog'; readonly name: string }

export type PlacedColumn = CsvColumn & {
  /** As the header has it. */
  readonly header: string
  /** From 0. */
  readonly pmu: number
  /** To V, A, rad, Hz, Hz/s. */
  readonly factor: number
}

const factors: Readonly<Record<CsvColumn['kind'], Readonly<Record<string, number>>>> = {
  magnitude: { V: 1, kV: 1000, A: 1, kA: 1000 },
  angle: { rad: 1, deg: Math.PI / 180 },
  freq: { Hz: 1, mHz: 1e-3 },
  dfreq: { 'Hz/s': 1, 'mHz/s': 1e-3 },
  stat: {},
  digital: {},
  analog: {},
}
const MAX_PMUS = 65_535
const MAX_WORDS = 65_535

/** Of a header row without its first field. `where`: file and line. Throws CliError. */
export function columnsOf(headers: readonly string[], where: string): readonly PlacedColumn[] {
  const seen = new Set<string>()
  return headers.map((header, at) => {
    const column = columnOf(header.trim(), `${where}: column ${at + 2}`)
    const key = JSON.stringify([column.pmu, column.kind, nameOf(column)])
    if (seen.has(key)) throw failure(`${where}: there are two columns ${header.trim()}`)
    seen.add(key)
    return column
  })
}

const nameOf = (column: CsvColumn): string | number =>
  'of' in column ? column.of : 'word' in column ? column.word : 'name' in column ? column.name : ''

function columnOf(header: string, where: string): PlacedColumn {
  const [, number = '1', rest = ''] = /^(?:(\d+)\.)?(.*)$/.exec(header) ?? []
  const pmu = Number(number) - 1
  if (rest === '') throw failure(`${where} has no name`, 'such as 1.freq Hz, or 1.VA.magnitude V')
  if (pmu < 0 || pmu >= MAX_PMUS) throw failure(`${where}, ${header}: PMUs are numbered from 1`)
  const [, channel = rest, unit = ''] = /^(.*\S)\s+(\S+)$/.exec(rest) ?? []
  // A unit that is none of its kind is a part of the name.
  const withUnit = kindOf(channel, unit)
  if (withUnit && Object.hasOwn(factors[withUnit.kind], unit))
    return { ...withUnit, header, pmu, factor: factors[withUnit.kind][unit]! }
  const bare = kindOf(rest, '')!
  const units = Object.keys(factors[bare.kind])
  if (bare.kind === 'magnitude' || (bare.kind === 'angle' && unit === ''))
    throw failure(`${where}, ${header}: its unit is missing`, `one of ${units.join(', ')}, as in ${header} ${units[0]}`)
  return { ...bare, header, pmu, factor: 1 }
}

function kindOf(channel: string, unit: string): CsvColumn | undefined {
  if (channel === 'stat' || channel === 'freq' || channel === 'dfreq') return { kind: channel }
  const [, word] = /^digital(\d+)$/.exec(channel) ?? []
  if (word !== undefined && Number(word) >= 1 && Number(word) <= MAX_WORDS)
    return { kind: 'digital', word: Number(word) - 1 }
  // Phasors of one name are told apart by a number behind.
  const [, name, part, suffix = ''] = /^(.+)\.(magnitude|angle)( \(\d+\))?$/.exec(channel) ?? []
  if (name === undefined) return { kind: 'analog', name: channel }
  const of = `${name}${suffix}`
  if (part === 'angle') return { kind: 'angle', of, name }
  return { kind: 'magnitude', of, name, measures: /A$/.test(unit) ? 'current' : 'voltage' }
}
