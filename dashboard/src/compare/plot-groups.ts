/** What is compared, by unit: a plot has one axis. */
import type { Channel } from '../../../src/historian/channels.ts'
import { shortName } from '../parts/format.ts'
import type { ChannelRef } from '../scene/channel-ref.ts'
import type { MeasurementBuffer } from '../scene/measurement-buffer.ts'
import type { Scene } from '../scene/scene.ts'
import { anglesAgainst, joinSeries, type Series } from '../scene/series.ts'
import { silentAfterMs } from '../scene/silence.ts'

/** Lines at once: more cannot be told apart, nor drawn in time. */
export const MAX_LINES = 32

export interface CompareLine extends ChannelRef {
  /** `Station channel` */
  readonly label: string
}

interface Axis {
  readonly title: string
  readonly of: Channel['unit']
  /** As it is drawn. */
  readonly unit: string
  readonly factor: number
  readonly digits: number
  /** Narrowest range that is drawn. */
  readonly leastSpan: number
}

export interface PlotGroup extends Axis {
  /** Those of one stream stand together. */
  readonly lines: readonly CompareLine[]
}

const axes: readonly Axis[] = [
  { title: 'Frequency', of: 'Hz', unit: 'Hz', factor: 1, digits: 4, leastSpan: 0.01 },
  { title: 'ROCOF', of: 'Hz/s', unit: 'Hz/s', factor: 1, digits: 3, leastSpan: 0.1 },
  { title: 'Voltage', of: 'V', unit: 'kV', factor: 1e-3, digits: 4, leastSpan: 0 },
  { title: 'Current', of: 'A', unit: 'A', factor: 1, digits: 2, leastSpan: 0 },
  { title: 'Angle', of: 'rad', unit: '°', factor: 1, digits: 2, leastSpan: 1 },
  { title: 'Other', of: '', unit: '', factor: 1, digits: 3, leastSpan: 0 },
]

export interface Grouped {
  readonly groups: readonly PlotGroup[]
  /** Of streams that are not heard, or have no such channel. */
  readonly absent: readonly ChannelRef[]
}

export function groupsOf(scene: Scene, refs: readonly ChannelRef[]): Grouped {
  const absent: ChannelRef[] = []
  const found = refs.flatMap((ref) => {
    const buffer = scene.find(ref.stream)?.buffer
    const channel = buffer?.channels.find(({ id }) => id === ref.channel)
    if (buffer && channel) return [{ ...ref, label: labelOf(buffer, ref.channel), unit: channel.unit }]
    absent.push(ref)
    return []
  })
  const names = new Map<string, number>()
  for (const { label } of found) names.set(label, (names.get(label) ?? 0) + 1)
  const lines = found.map(({ label, ...line }) => ({
    ...line,
    // Stations of one name are told apart by their topic.
    label: names.get(label)! > 1 ? `${label} (${shortName(line.stream)})` : label,
  }))
  const groups = axes.map((axis) => {
    const own = lines.filter(({ unit }) => unit === axis.of).map(({ unit: _, ...line }) => line)
    return { ...axis, lines: streamsOf(own).flatMap((stream) => own.filter((line) => line.stream === stream)) }
  })
  return { groups: groups.filter((group) => group.lines.length > 0), absent }
}

/** `Station VA.magnitude`: of `1.VA.magnitude`. */
export function labelOf({ configuration }: MeasurementBuffer, channel: string): string {
  const dot = channel.indexOf('.')
  const station = configuration.pmus[Number(channel.slice(0, dot)) - 1]?.stn.trim() ?? ''
  return `${station} ${channel.slice(dot + 1)}`
}

/** Times, and the values of each line as they are drawn; angles against the reference at the same instant. */
export function seriesOf(scene: Scene, group: PlotGroup, against: ChannelRef | undefined, sinceS: number): Series {
  const read = (stream: string, channels: readonly string[]): Series => {
    const buffer = scene.find(stream)?.buffer
    if (!buffer) return { times: [], values: channels.map(() => []) }
    return { ...buffer.series(channels, sinceS), holdsS: silentAfterMs(buffer.rate) / 1000 }
  }
  const reference = group.of === 'rad' && against ? read(against.stream, [against.channel]) : undefined
  const parts = streamsOf(group.lines).map((stream) => {
    const channels = group.lines.filter((line) => line.stream === stream).map(({ channel }) => channel)
    const series = read(stream, channels)
    if (group.of === 'rad') return { ...series, values: anglesAgainst(series, reference) }
    if (group.factor === 1) return series
    const scaled = (value: number | null | undefined) => (typeof value === 'number' ? value * group.factor : value)
    return { ...series, values: series.values.map((row) => row.map(scaled)) }
  })
  return joinSeries(parts)
}

const streamsOf = (lines: readonly ChannelRef[]): readonly string[] => [...new Set(lines.map(({ stream }) => stream))]
