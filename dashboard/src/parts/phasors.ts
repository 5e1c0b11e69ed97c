/** Phasors of a stream, as channels that belong together. */
import type { Configuration } from '../../../src/c37118/index.ts'
import type { Channel } from '../../../src/historian/channels.ts'

export interface PhasorChannels {
  readonly pmu: number
  readonly name: string
  readonly unit: 'V' | 'A'
  readonly magnitude: string
  readonly angle: string
}

/** Of all PMUs of a frame, in its order. */
export function phasorsOf(configuration: Configuration, channels: readonly Channel[]): readonly PhasorChannels[] {
  const magnitudes = channels.filter(({ unit, isWord }) => !isWord && (unit === 'V' || unit === 'A'))
  const angles = channels.filter(({ unit }) => unit === 'rad')
  return configuration.pmus
    .flatMap((pmu, index) => pmu.phasors.map(({ name, kind }) => ({ pmu: index, name: name.trim(), kind })))
    .map(({ pmu, name, kind }, at) => ({
      pmu,
      name,
      unit: kind === 'voltage' ? 'V' : 'A',
      magnitude: magnitudes[at]!.id,
      angle: angles[at]!.id,
    }))
}
