import { type Configuration, describeAnalogType, FrameType, type PmuConfiguration } from '../../c37118/index.ts'
import { printable } from './printable.ts'
import { count } from './quantity.ts'
import type { Style } from './style.ts'
import { formatTable } from './table.ts'

const names: Readonly<Record<number, string>> = {
  [FrameType.config1]: 'CFG-1',
  [FrameType.config2]: 'CFG-2',
  [FrameType.config3]: 'CFG-3',
}

/** `CFG-2` */
export const configurationName = ({ type }: Configuration): string => names[type] ?? 'configuration'

/** `50 frames/s`, `1 frame every 10 s`. */
export function describeRate(dataRate: number): string {
  if (dataRate < 0) return `1 frame every ${-dataRate} s`
  return dataRate === 0 ? 'no rate stated' : `${dataRate} frames/s`
}

/** A configuration as a person reads it: one line of the stream, then a table per PMU. */
export function configurationLines(configuration: Configuration, style: Style): string[] {
  const { idcode, pmus, dataRate, timeBase, version } = configuration
  const head = `${configurationName(configuration)}  IDCODE ${idcode}, ${count(pmus.length, 'PMU')}, ${describeRate(dataRate)}, TIME_BASE ${timeBase}, SYNC version ${version}`
  return [style.bold(head), ...pmus.flatMap((pmu) => pmuLines(pmu, style))]
}

function pmuLines(pmu: PmuConfiguration, style: Style): string[] {
  const { stn, idcode, fnom, cfgcnt, format, phasors, analogs, digitals } = pmu
  const coordinates = format.polar ? 'polar' : 'rectangular'
  const head = `  ${printable(stn) || '(no station name)'}  IDCODE ${idcode}, ${fnom} Hz, CFGCNT ${cfgcnt}; phasors ${format.phasors} ${coordinates}, analogs ${format.analogs}, FREQ ${format.freq}`
  const rows = [
    ...phasors.map(({ name, kind, phunit, scale, component }) => [
      printable(name),
      kind,
      format.phasors === 'float32' ? '' : describePhasorScale(kind, phunit, scale),
      component ?? '',
    ]),
    ...analogs.map(({ name, type, scale, magnitude, offset }) => [
      printable(name),
      'analog',
      magnitude === undefined ? `ANUNIT scale ${scale ?? 0}` : `× ${magnitude} + ${offset ?? 0}`,
      type === undefined ? '' : describeAnalogType(type),
    ]),
    ...digitals.flatMap(({ labels, valid }) =>
      labels.flatMap((label, bit) =>
        valid & (1 << bit) || label ? [[printable(label) || '-', 'digital', `bit ${bit}`, '']] : [],
      ),
    ),
  ]
  return [
    head,
    ...formatTable(['channel', 'kind', 'scale', ''], rows, { indent: '    ' }).map((line, i) =>
      i === 0 ? style.dim(line) : line,
    ),
  ]
}

function describePhasorScale(
  kind: 'voltage' | 'current',
  phunit: number | undefined,
  scale: number | undefined,
): string {
  const perCount = scale ?? (phunit ?? 1) * 1e-5
  return `${Number(perCount.toPrecision(7))} ${kind === 'voltage' ? 'V' : 'A'}/count`
}
