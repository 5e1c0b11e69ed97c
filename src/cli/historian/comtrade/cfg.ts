/*
  station_name,rec_dev_id,rev_year
  TT,##A,##D
  An,ch_id,ph,ccbm,uu,a,b,skew,min,max,primary,secondary,PS     for each analog channel
  Dn,ch_id,ph,ccbm,y                                            for each status channel
  lf
  nrates
  samp,endsamp
  dd/mm/yyyy,hh:mm:ss.ssssss                                    of the first sample
  dd/mm/yyyy,hh:mm:ss.ssssss                                    of the trigger
  ft
  timemult
  time_code,local_code
  tmq_code,leapsec
*/
import { isoTime } from '../../../runtime/iso-time.ts'
import { field, stationOf } from './channels.ts'
import { asciiNumber, binary32, countOf } from './numbers.ts'
import type { ComtradeRecord } from './record.ts'

export type DataType = 'ascii' | 'binary32'

/** What the data file needs besides the record. */
export interface Scaling {
  /** What one count of each analog channel is worth; 1 for ASCII, which has the values themselves. */
  readonly counts: readonly number[]
  /** What one count of a time stamp is worth, in µs. */
  readonly timeMultiplier: number
}

/** FFFFFFFF marks a time stamp that is missing. */
const LARGEST_STAMP = 0xfffffffe

export function scalingOf(record: ComtradeRecord, type: DataType): Scaling {
  const { channels, least, greatest, firstUs, lastUs, isRegular, rate } = record
  if (type === 'ascii') return { counts: channels.analogs.map(() => 1), timeMultiplier: 1 }
  const counts = channels.analogs.map((_, at) => countOf(Math.max(Math.abs(least[at]!), Math.abs(greatest[at]!), 0)))
  const spanUs = lastUs - firstUs
  if (spanUs <= LARGEST_STAMP) return { counts, timeMultiplier: 1 }
  // Longer than 71 minutes: by periods where each sample is at one, or else as exact as 32 bits are.
  return { counts, timeMultiplier: isRegular ? 1e6 / rate : Math.ceil(spanUs / LARGEST_STAMP) }
}

/** The text of a configuration file (C37.111-2013). `stream`: its topic, which names a station that is none. */
export function cfgText(record: ComtradeRecord, scaling: Scaling, type: DataType, stream: string): string {
  const { configuration, channels, samples, rate, isRegular, least, greatest } = record
  const { analogs, statuses } = channels
  const { pmus, idcode } = configuration
  const station = pmus.length === 1 ? stationOf(pmus[0]!) : field(stream, 64)
  const range = (extreme: Float64Array, at: number): string => {
    const value = Number.isFinite(extreme[at]!) ? extreme[at]! : 0
    return type === 'ascii' ? asciiNumber(value) : `${binary32(value, scaling.counts[at]!)}`
  }
  const { firstUs, triggerUs = firstUs } = record
  const lines = [
    `${station},${idcode},2013`,
    `${analogs.length + statuses.length},${analogs.length}A,${statuses.length}D`,
    ...analogs.map(({ name, phase, unit }, at) =>
      // Values as they are at the primary side.
      [
        at + 1,
        name,
        phase,
        '',
        unit,
        scaling.counts[at],
        0,
        0,
        range(least, at),
        range(greatest, at),
        1,
        1,
        'P',
      ].join(),
    ),
    ...statuses.map(({ name, phase, normal }, at) => [at + 1, name, phase, '', normal].join()),
    pmus[0]?.fnom ?? 50,
    // Where a sample is missing, or its time is another, the time stamps say when it is.
    isRegular ? 1 : 0,
    `${isRegular ? rate : 0},${samples}`,
    dateText(firstUs),
    dateText(triggerUs),
    type.toUpperCase(),
    scaling.timeMultiplier,
    // UTC.
    '0,0',
    `${record.timeQuality.toString(16).toUpperCase()},${record.leapSecond}`,
  ]
  return lines.map((line) => `${line}\r\n`).join('')
}

/** `29/11/2026,05:00:00.020000` */
function dateText(us: number): string {
  const [, year, month, day, time] = /^(\d+)-(\d\d)-(\d\d)T(.*)Z$/.exec(isoTime(us))!
  return `${day}/${month}/${year},${time}`
}
