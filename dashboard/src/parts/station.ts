/** What is told of a PMU in short: the first voltage, and frequency. */
import type { MeasurementBuffer } from '../scene/measurement-buffer.ts'
import type { SceneStream } from '../scene/scene.ts'
import { phasorsOf } from './phasors.ts'

export interface Station {
  readonly topic: string
  readonly name: string
  readonly isOnline: boolean
  /** Seconds since its newest frame. */
  readonly silentS: number | undefined
  /** V, rad and Hz; NaN where absent. */
  readonly voltage: number
  readonly angle: number
  readonly freq: number
  /** Of the voltage, over the last minute. */
  readonly usualVoltage: number
}

/** One for each PMU in its frames. */
export function stationsOf({ topic, buffer, isOnline, silentS }: SceneStream): readonly Station[] {
  if (!buffer) return []
  const phasors = phasorsOf(buffer.configuration, buffer.channels)
  return buffer.configuration.pmus.map(({ stn }, pmu) => {
    const voltage = phasors.find((each) => each.pmu === pmu && each.unit === 'V')
    return {
      topic,
      name: stn.trim(),
      isOnline,
      silentS,
      freq: buffer.value(`${pmu + 1}.freq`),
      voltage: voltage ? buffer.value(voltage.magnitude) : Number.NaN,
      angle: voltage ? buffer.value(voltage.angle) : Number.NaN,
      usualVoltage: voltage ? usual(buffer, voltage.magnitude) : Number.NaN,
    }
  })
}

/** Means over a minute do not change from one drawing to the next. */
const means = new WeakMap<MeasurementBuffer, Map<string, { readonly atMs: number; readonly mean: number }>>()
const AGAIN_MS = 2000

function usual(buffer: MeasurementBuffer, channel: string): number {
  let known = means.get(buffer)
  if (!known) {
    known = new Map()
    means.set(buffer, known)
  }
  const before = known.get(channel)
  const nowMs = performance.now()
  if (before && nowMs - before.atMs < AGAIN_MS) return before.mean
  const mean = buffer.mean(channel)
  known.set(channel, { atMs: nowMs, mean })
  return mean
}
