import {
  type Configuration,
  type DataSample,
  decodeStat,
  describeStat,
  describeTimeQuality,
  type PmuConfiguration,
  type PmuSample,
  timestampOf,
} from '../../c37118/index.ts'
import { printable } from './printable.ts'
import { formatAngle, formatHz, formatQuantity, formatUtc } from './quantity.ts'
import type { Style } from './style.ts'
import { formatTable } from './table.ts'

/** One data frame as lines: per PMU frequency and status, then a row per phasor. */
export function sampleLines(sample: DataSample, configuration: Configuration, style: Style): string[] {
  const time = formatUtc(timestampOf(sample, configuration.timeBase))
  const clock = describeTimeQuality(sample.timeQuality)
  return [
    `${style.bold(time)} UTC  clock ${clock}`,
    ...sample.pmus.flatMap((pmu, i) => pmuLines(pmu, configuration.pmus[i]!, sample.version, style)),
  ]
}

function pmuLines(sample: PmuSample, pmu: PmuConfiguration, version: number, style: Style): string[] {
  const stat = describeStat(sample.stat, version)
  const head = `${style.bold(printable(pmu.stn) || '(no station name)')}  ${formatHz(sample.freq)}  ${formatDfreq(sample.dfreq)}  STAT ${isUsable(sample.stat) ? style.good(stat) : style.warn(stat)}`
  const reference = pmu.phasors.findIndex(({ kind }) => kind === 'voltage')
  const rows = sample.phasors.map(({ name, magnitude, angle }, i) => [
    printable(name),
    formatQuantity(magnitude, pmu.phasors[i]!.kind === 'voltage' ? 'V' : 'A'),
    formatAngle(angle),
    reference === -1 ? '' : formatAngle(relative(angle, sample.phasors[reference]!.angle)),
  ])
  const to = reference === -1 ? '' : `to ${printable(pmu.phasors[reference]!.name)}`
  const table = formatTable(['phasor', 'magnitude', 'angle', to], rows, { right: [1, 2, 3], indent: '  ' })
  return [
    head,
    ...(rows.length > 0 ? table.map((line, i) => (i === 0 ? style.dim(line) : line)) : []),
    ...others(sample, pmu),
  ]
}

/** What else STAT says, such as how good the clock is, is information. */
function isUsable(stat: number): boolean {
  const { dataError, synchronised, trigger, configurationChange, sortedByArrival } = decodeStat(stat)
  return dataError === 0 && synchronised && !trigger && !configurationChange && !sortedByArrival
}

/** Analogs and digitals, where there are any. */
function others(sample: PmuSample, pmu: PmuConfiguration): string[] {
  const analogs = sample.analogs.map(
    (value, i) => `${printable(pmu.analogs[i]!.name)} ${Number.isNaN(value) ? 'absent' : Number(value.toPrecision(6))}`,
  )
  const digitals = sample.digitals.map((word, i) => raisedBits(word, pmu.digitals[i]!))
  return [
    ...(analogs.length > 0 ? [`  analogs   ${analogs.join('   ')}`] : []),
    ...(digitals.length > 0 ? [`  digitals  ${digitals.join('   ')}`] : []),
  ]
}

/** `0x0005 (BREAKER 1, ALARM)`: the word, and the labels of its set bits. */
function raisedBits(word: number, { labels }: { readonly labels: readonly string[] }): string {
  const set = labels.filter((label, bit) => label !== '' && word & (1 << bit))
  return `0x${word.toString(16).padStart(4, '0')}${set.length > 0 ? ` (${printable(set.join(', '))})` : ''}`
}

/** One data frame as one line, for output that scrolls. */
export function sampleLine(sample: DataSample, { timeBase, pmus }: Configuration): string {
  const values = sample.pmus.map(({ stn, freq, phasors }, i) => {
    const shown = phasors.slice(0, 3).map(({ name, magnitude, angle }, channel) => {
      const unit = pmus[i]!.phasors[channel]!.kind === 'voltage' ? 'V' : 'A'
      return `${printable(name)} ${formatQuantity(magnitude, unit)} ${formatAngle(angle)}`
    })
    return [printable(stn), formatHz(freq, 3), ...shown].join('  ')
  })
  return `${formatUtc(timestampOf(sample, timeBase))}  ${values.slice(0, 3).join('  | ')}${values.length > 3 ? `  | … ${values.length - 3} more` : ''}`
}

function formatDfreq(value: number): string {
  return Number.isNaN(value) ? 'absent' : `${value >= 0 ? '+' : ''}${value.toFixed(3)} Hz/s`
}

/** Difference of two angles in radians, within ±π. */
function relative(angle: number, reference: number): number {
  const difference = angle - reference
  return difference - 2 * Math.PI * Math.round(difference / (2 * Math.PI))
}
