/** What the page History shows, as the address says it: so that a view can be linked to. */
import type { StoredStream } from '../../../src/api/answers.ts'
import { type EventKind, eventKinds } from '../../../src/historian/event-kinds.ts'
import { bounded, isoOf, type Period, usOf } from './period.ts'

export interface ChosenChannel {
  /** Topic. */
  readonly stream: string
  readonly id: string
}

/** Which events are told. */
export interface EventChoice {
  /** Of all streams; else of those that are chosen. */
  readonly isOfAll: boolean
  readonly kinds: readonly EventKind[]
}

export interface View {
  /** Absent: none was chosen yet. */
  readonly period: Period | undefined
  /** Absent: the usual ones. */
  readonly channels: readonly ChosenChannel[] | undefined
  readonly events: EventChoice
}

/** Of one view. Plots with more are not read by anyone, and each costs points. */
export const MAX_CHOSEN = 32
/** Frequencies that are shown when nothing was chosen. */
const USUAL = 3

/**
 * `from` and `to`, and `c` of each channel: `TOPIC|ID`; `c=` alone: none. Of events: `e=all`, of all streams, and `k` of
 * each kind, where it is not all; `k=` alone: none.
 */
export function viewOf(query: URLSearchParams): View {
  const [fromUs, toUs] = [usOf(query.get('from') ?? ''), usOf(query.get('to') ?? '')]
  const isPeriod = fromUs !== undefined && toUs !== undefined && fromUs < toUs
  const channels = query.getAll('c')
  const kinds = query.getAll('k')
  return {
    events: {
      isOfAll: query.get('e') === 'all',
      kinds: eventKinds.filter((kind) => kinds.length === 0 || kinds.includes(kind)),
    },
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

export function queryOf({
  period,
  channels,
  events: { isOfAll, kinds },
}: View): Record<string, string | readonly string[]> {
  return {
    ...(period && { from: isoOf(period.fromUs), to: isoOf(period.toUs) }),
    ...(isOfAll && { e: 'all' }),
    ...(kinds.length < eventKinds.length && { k: kinds.length === 0 ? '' : kinds }),
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
