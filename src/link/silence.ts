import type { SourceConfig } from '../config/source.ts'

/** The reporting period of a DATA_RATE: frames per second, or seconds per frame where negative; 0 says nothing. */
export function periodMs(dataRate: number): number | undefined {
  if (dataRate === 0) return undefined
  return dataRate > 0 ? 1000 / dataRate : -dataRate * 1000
}

/** After so long without a frame the stream is silent; undefined where no rate is known to judge by. */
export function silenceMs({ silence }: SourceConfig, dataRate: number): number | undefined {
  const period = periodMs(dataRate)
  return period === undefined ? undefined : Math.max(silence.floorMs, silence.periods * period)
}

/** After so long without a good frame, what has begun is no frame. */
export function stuckMs(config: SourceConfig, dataRate: number): number {
  return Math.max(config.stuckMs, 2 * (periodMs(dataRate) ?? 0))
}
