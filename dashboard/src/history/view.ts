/** What the page History shows, as the address says it: so that a view can be linked to. */
import type { StoredStream } from '../../../src/api/answers.ts'
import { bounded, isoOf, type Period, usOf } from './period.ts'

export interface ChosenChannel {
  /** Topic. */
  readonly stream: string
  readonly id: string
}

export interface View {
  /** Absent: none was chosen yet. */
  readonly period: Period | undefined
  /** Absent: the usual ones. */
  readonly channels: readonly ChosenChannel[] | undefined
}

/** Of one view. Plots with more are not read by anyone, and each costs points. */
export const MAX_CHOSEN = 32
/** Frequencies that are shown when nothing was chosen. */
const USUAL = 3

/** `from` and `to`, and `c` of each channel: `TOPIC|ID`; `c=` alone: none. */
export function viewOf(query: URLSearchParams): View {
  const [fromUs, toUs] = [usOf(query.get('from') ?? ''), usOf(query.get('to') ?? '')]
  const isPeriod = fromUs !== undefined && toUs !== undefined && fromUs < toUs
  const channels = query.getAll('c')
  return {
    period: isPeriod ? bounded({ fromUs, toUs }) : undefined,
    channels:
      channels.length === 0
        ? undefined
        : channels
            .filter((text) => text.includes('|'))
            .slice(0, MAX_CHOSEN)
            .map((text) => ({ stream: text.slice(0, text.indexOf('|')), id: text.slice(text.indexOf('|') + 1) })),
  }
}

export function queryOf({ period, channels }: View): Record<string, string | readonly string[]> {
  return {
    ...(period && { from: isoOf(period.fromUs), to: isoOf(period.toUs) }),
    ...(channels && { c: channels.length === 0 ? '' : channels.map(({ stream, id }) => `${stream}|${id}`) }),
  }
}

/** The frequency of the first streams that have one. */
export function usualChannels(streams: readonly StoredStream[]): readonly ChosenChannel[] {
  return streams
    .flatMap(({ stream, channels }) => {
      const freq = channels.find(({ unit }) => unit === 'Hz')
      return freq ? [{ stream, id: freq.id }] : []
    })
    .slice(0, USUAL)
}

export const sameChannel = (one: ChosenChannel, other: ChosenChannel): boolean =>
  one.stream === other.stream && one.id === other.id
