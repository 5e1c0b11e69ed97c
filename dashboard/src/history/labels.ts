/** What lines are named: by the station, as its configuration of then has it. */
import { ApiFailure, get } from '../api/client.ts'
import { shortName } from '../parts/format.ts'
import type { ChosenChannel } from './view.ts'

/** Names of the stations in the frames of a stream, by topic. */
export type Stations = ReadonlyMap<string, readonly string[]>

interface ConfigurationAnswer {
  readonly since_us: number
  readonly pmus: readonly { readonly station_name: string }[]
}

/** As they were at this time; those that came first, where it is before them. Streams that are not stored have none. */
export async function stationsAt(streams: readonly string[], atUs: number, signal: AbortSignal): Promise<Stations> {
  const found = await Promise.all(
    streams.map(async (stream): Promise<[string, readonly string[]]> => {
      const history = await orNone(get<readonly ConfigurationAnswer[]>('configuration', { stream }, signal))
      const { pmus = [] } = history.findLast(({ since_us }) => since_us <= atUs) ?? history[0] ?? {}
      return [stream, pmus.map(({ station_name }) => station_name.trim())]
    }),
  )
  return new Map(found)
}

async function orNone<T>(answer: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return []
    throw error
  }
}

/** `Station freq (1156/765)`; without a name, the place of the PMU stands in its stead: `1156/765 1.freq`. */
export function labelOf({ stream, id }: ChosenChannel, stations: Stations): string {
  const dot = id.indexOf('.')
  const station = stations.get(stream)?.[Number(id.slice(0, dot)) - 1]
  return station ? `${station} ${id.slice(dot + 1)} (${shortName(stream)})` : `${shortName(stream)} ${id}`
}
