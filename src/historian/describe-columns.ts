import { analogScale, phasorScaleOf } from '../c37118/index.ts'
import type { FrameTable } from './frame-table.ts'

/** What a column of a sealed file means, for readers without a C37.118 library: value = factor × number + offset. */
export interface ColumnMeaning {
  readonly name: string
  /** Its place in the configuration, from 0. */
  readonly pmu: number
  readonly kind: 'stat' | 'phasor' | 'freq' | 'dfreq' | 'analog' | 'digital'
  readonly channel: number
  readonly part?: 're' | 'im' | 'magnitude' | 'angle'
  /** On the wire; int16 columns mark absence by -32768, float columns by null. */
  readonly type: 'int16' | 'uint16' | 'float32'
  readonly unit: 'V' | 'A' | 'rad' | 'Hz' | 'Hz/s' | ''
  readonly factor: number
  readonly offset: number
  /** CFG-3: radians to be taken off the angle of the phasor, where its parts are real and imaginary. */
  readonly angle_offset?: number
}

export function describeColumns({ sealedColumns, configuration }: FrameTable): readonly ColumnMeaning[] {
  return sealedColumns.map(({ name, word: { pmu, kind, channel, part, type } }) => ({
    name,
    pmu,
    kind,
    channel,
    ...(part && { part }),
    type,
    ...meaningOf(configuration.pmus[pmu]!, kind, channel, part, type === 'float32'),
  }))

  function meaningOf(
    { phasors, analogs, fnom }: (typeof configuration.pmus)[number],
    kind: ColumnMeaning['kind'],
    channel: number,
    part: ColumnMeaning['part'],
    isFloat: boolean,
  ): Pick<ColumnMeaning, 'unit' | 'factor' | 'offset' | 'angle_offset'> {
    if (kind === 'phasor') {
      const phasor = phasors[channel]!
      const unit = part === 'angle' ? 'rad' : phasor.kind === 'voltage' ? 'V' : 'A'
      if (isFloat) return { unit, factor: 1, offset: 0 }
      const { numerator, denominator, offset } = phasorScaleOf(phasor, configuration.type)
      if (part === 'angle') return { unit, factor: 1e-4, offset: -offset }
      const turned = part === 'magnitude' || offset === 0 ? {} : { angle_offset: offset }
      return { unit, factor: numerator / denominator, offset: 0, ...turned }
    }
    if (kind === 'freq') return { unit: 'Hz', factor: isFloat ? 1 : 1e-3, offset: isFloat ? 0 : fnom }
    if (kind === 'dfreq') return { unit: 'Hz/s', factor: isFloat ? 1 : 1e-2, offset: 0 }
    if (kind === 'analog' && !isFloat) return { unit: '', ...analogScale(analogs[channel]!, configuration.type) }
    return { unit: '', factor: 1, offset: 0 }
  }
}
