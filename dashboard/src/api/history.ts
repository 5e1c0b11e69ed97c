/** What a historian says of a period beside its values: events, and what is missing. */

import type { CompletenessAnswer, EventsAnswer } from '../../../src/api/answers.ts'
import { type EventKind, eventKinds } from '../../../src/historian/event-kinds.ts'
import type { Period } from '../history/period.ts'
import { ApiFailure, get } from './client.ts'

const timesOf = ({ fromUs, toUs }: Period) => ({ from: `${fromUs}`, to: `${toUs}` })

/** Of all streams up to this; of one, longer. */
export const MAX_ALL_EVENTS_US = 26 * 3600e6
export const MAX_EVENTS_US = 31 * 86_400e6

/** undefined: the historian tells none. */
export const getEvents = (
  period: Period,
  { stream, kinds }: { readonly stream: string | undefined; readonly kinds: readonly EventKind[] },
  signal: AbortSignal,
): Promise<EventsAnswer | undefined> => {
  const query = {
    ...timesOf(period),
    ...(stream !== undefined && { stream }),
    ...(kinds.length < eventKinds.length && { kind: kinds }),
  }
  return orNothing(get<EventsAnswer>('events', query, signal))
}

/** undefined: the historian does not tell it. */
export const getCompleteness = (
  stream: string,
  period: Period,
  parts: number,
  signal: AbortSignal,
): Promise<CompletenessAnswer | undefined> =>
  orNothing(get<CompletenessAnswer>('completeness', { stream, ...timesOf(period), parts: `${parts}` }, signal))

async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return undefined
    throw error
  }
}
