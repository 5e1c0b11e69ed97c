/** Values of channels of many streams over a period, as fine as the plot is wide. */
import { getRange, isPassing } from '../api/client.ts'
import type { Period } from './period.ts'
import { type Trace, tracesOf } from './series.ts'
import type { ChosenChannel } from './view.ts'

export interface Seen {
  readonly period: Period
  readonly traces: readonly Trace[]
  /** Of streams that gave none. */
  readonly troubles: readonly string[]
}

/** As the API has them: of one channel, and of one answer. */
const MAX_POINTS = 20_000
const MAX_VALUES = 200_000
const LEAST_POINTS = 200

/** Least and greatest of each pixel. */
export const pointsOf = (widthPx: number, channels: number): number =>
  Math.max(LEAST_POINTS, Math.min(MAX_POINTS, 2 * Math.round(widthPx), Math.floor(MAX_VALUES / Math.max(1, channels))))

export async function ask(
  channels: readonly ChosenChannel[],
  period: Period,
  widthPx: number,
  signal: AbortSignal,
): Promise<Seen> {
  const streams = new Map<string, string[]>()
  for (const { stream, id } of channels) streams.set(stream, [...(streams.get(stream) ?? []), id])
  const troubles: string[] = []
  const answers = await Promise.all(
    [...streams].map(async ([stream, ids]): Promise<readonly Trace[]> => {
      const points = pointsOf(widthPx, ids.length)
      try {
        return tracesOf(stream, await getRange({ stream, channels: ids, ...period, points }, signal), period, points)
      } catch (error) {
        if (signal.aborted || isPassing(error)) throw error
        troubles.push(`${stream}: ${error instanceof Error ? error.message : String(error)}`)
        return []
      }
    }),
  )
  const traces = answers.flat()
  const order = new Map(channels.map(({ stream, id }, at) => [`${stream}|${id}`, at]))
  const placeOf = ({ channel: { stream, id } }: Trace): number => order.get(`${stream}|${id}`) ?? 0
  return { period, traces: traces.sort((one, other) => placeOf(one) - placeOf(other)), troubles }
}
