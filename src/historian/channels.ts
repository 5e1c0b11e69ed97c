/**
 * What a stream measures, channel by channel, in physical units: phasors as
 * magnitude and angle, whatever their numbers and coordinates. Each channel is
 * read from a decoded frame, or from the columns of a sealed file, the same.
 */
import { analogScale, type Configuration, type DataColumns, normaliseAngle, phasorScaleOf } from '../c37118/index.ts'
import type { FrameColumn, FrameTable } from './frame-table.ts'
import { quoted } from './sql.ts'

export interface Channel {
  /** `1.VA.magnitude`, `2.freq`: the number of the PMU in the configuration, the channel and its part. */
  readonly id: string
  readonly unit: 'V' | 'A' | 'rad' | 'Hz' | 'Hz/s' | ''
  /** STAT, or a word of digital channels: bits, not a quantity. */
  readonly isWord: boolean
  /** Of the columns of a {@link FrameTable}; null where it is absent. */
  readonly sql: string
  /** NaN where it is absent. */
  read(columns: DataColumns): number
}

/** All of a configuration, in its order. */
export function channelsOf({ configuration, columns }: FrameTable): readonly Channel[] {
  const channels: Channel[] = []
  const taken = new Set<string>()
  const places = { phasor: 0, analog: 0, digital: 0 }
  configuration.pmus.forEach((pmu, index) => {
    const of = columns.filter(({ word }) => word.pmu === index)
    const column = (kind: FrameColumn['word']['kind'], channel = 0, at = 0): FrameColumn =>
      of.filter(({ word }) => word.kind === kind && word.channel === channel)[at]!
    const plain = (id: string, unit: Channel['unit'], sql: string, read: Channel['read'], isWord = false): void => {
      // An analog may be called as the magnitude of a phasor is.
      let unique = id
      for (let number = 2; taken.has(unique); number++) unique = `${id} (${number})`
      taken.add(unique)
      channels.push({ id: unique, unit, sql, isWord, read })
    }
    const word = (kind: 'stat' | 'digital', channel: number, read: Channel['read']): void => {
      const { name } = column(kind, channel)
      plain(name, '', `${quoted(name)}::double`, read, true)
    }
    word('stat', 0, ({ stat }) => stat[index]!)
    pmu.phasors.forEach((phasor, channel) => {
      const [first, second] = [column('phasor', channel), column('phasor', channel, 1)]
      const id = first.name.slice(0, first.name.lastIndexOf('.'))
      const suffix = first.name.slice(first.name.lastIndexOf('.')).replace(/^\.[a-z]+/, '')
      const sql = phasorSql(configuration, index, channel, quoted(first.name), quoted(second.name))
      const at = 2 * places.phasor++
      const isPolar = pmu.format.polar
      plain(`${id}.magnitude${suffix}`, phasor.kind === 'voltage' ? 'V' : 'A', sql.magnitude, ({ phasors }) =>
        isPolar ? phasors[at]! : Math.sqrt(phasors[at]! * phasors[at]! + phasors[at + 1]! * phasors[at + 1]!),
      )
      plain(`${id}.angle${suffix}`, 'rad', sql.angle, ({ phasors }) =>
        normaliseAngle(isPolar ? phasors[at + 1]! : Math.atan2(phasors[at + 1]!, phasors[at]!)),
      )
    })
    const isInteger = pmu.format.freq === 'int16'
    const [freq, dfreq] = [column('freq').name, column('dfreq').name]
    const scaled = (name: string, factor: string, offset = ''): string =>
      isInteger ? `${present(name)} ${factor}${offset}` : `${quoted(name)}::double`
    plain(freq, 'Hz', scaled(freq, '/ 1000.0', ` + ${pmu.fnom}`), ({ freq }) => freq[index]!)
    plain(dfreq, 'Hz/s', scaled(dfreq, '/ 100.0'), ({ dfreq }) => dfreq[index]!)
    pmu.analogs.forEach((analog, channel) => {
      const { name, type } = column('analog', channel)
      const { factor, offset } = analogScale(analog, configuration.type)
      const at = places.analog++
      const stat = quoted(column('stat').name)
      const counts = `case when ${quoted(name)} = -32768 and (${stat} & 49152) <> 0 then null else ${quoted(name)} end`
      const sql =
        type === 'FLOAT' ? `${quoted(name)}::double` : `(${counts})::double * ${number(factor)} + ${number(offset)}`
      plain(name, '', sql, ({ analogs }) => analogs[at]!)
    })
    pmu.digitals.forEach((_, channel) => {
      const at = places.digital++
      word('digital', channel, ({ digitals }) => digitals[at]!)
    })
  })
  return channels
}

function phasorSql(configuration: Configuration, pmu: number, channel: number, first: string, second: string) {
  const { format, phasors } = configuration.pmus[pmu]!
  const isInteger = format.phasors === 'int16'
  const { numerator, denominator, offset } = phasorScaleOf(phasors[channel]!, configuration.type)
  const scaled = (sql: string): string => (isInteger ? `(${sql}) * ${number(numerator)} / ${number(denominator)}` : sql)
  const turned = (sql: string): string => within180(isInteger && offset !== 0 ? `${sql} - ${number(offset)}` : sql)
  if (format.polar) {
    const isThere = isInteger ? `${second} <> -32768` : 'true'
    const angle = isInteger ? `${second}::double / 10000` : `${second}::double`
    return {
      magnitude: `case when ${isThere} then ${scaled(`${first}::double`)} end`,
      angle: `case when ${isThere} then ${turned(angle)} end`,
    }
  }
  const isThere = isInteger ? `not (${first} = -32768 and ${second} = -32768)` : 'true'
  const length = `sqrt(${first}::double * ${first}::double + ${second}::double * ${second}::double)`
  return {
    magnitude: `case when ${isThere} then ${scaled(length)} end`,
    angle: `case when ${isThere} then ${turned(`atan2(${second}::double, ${first}::double)`)} end`,
  }
}

/** As {@link normaliseAngle} does it. */
function within180(sql: string): string {
  const rest = `((${sql}) % (2 * pi()))`
  const turned = `case when ${rest} > pi() then ${rest} - 2 * pi() when ${rest} < -pi() then ${rest} + 2 * pi() else ${rest} end`
  return `case when abs(${sql}) <= pi() then ${sql} when isinf(${sql}) then null else ${turned} end`
}
/** A device may say that its scale is none. */
const number = (value: number): string => `'${value}'::double`
const present = (name: string): string => `nullif(${quoted(name)}, -32768)::double`
