/** What was striking in the period: choose one, and it is seen with what was before and after. */
import type { StoredEvent } from '../../../src/api/answers.ts'
import { getEvents, MAX_ALL_EVENTS_US, MAX_EVENTS_US } from '../api/history.ts'
import { useAppState } from '../app-state.ts'
import { around, durationOf, lengthUs, type Period } from '../history/period.ts'
import { shortName, time } from './format.ts'
import type { Answer } from './use-answer.ts'

export interface Told {
  readonly events: readonly StoredEvent[]
  readonly more: boolean
  /** Why there are none, or not of all. */
  readonly limit: string | undefined
}

/** Of streams that are asked for one by one, in a longer period. */
const MAX_ASKED = 12

export async function askEvents(streams: readonly string[], period: Period, signal: AbortSignal): Promise<Told> {
  const us = lengthUs(period)
  if (us > MAX_EVENTS_US) return { events: [], more: false, limit: 'Events are told of periods of up to 31 days.' }
  const isAll = us <= MAX_ALL_EVENTS_US
  const asked = isAll ? [undefined] : streams.slice(0, MAX_ASKED)
  const answers = await Promise.all(asked.map((stream) => getEvents(period, stream, signal)))
  const told = answers.filter((answer) => answer !== undefined)
  const limit = isAll ? undefined : `Of more than 26 hours: events of the streams that are chosen (${asked.length}).`
  return {
    events: told.flatMap(({ events }) => events).sort((one, other) => one.time_us - other.time_us),
    more: told.some(({ more }) => more),
    limit: told.length === 0 && asked.length > 0 ? 'This historian tells no events.' : limit,
  }
}

interface Props {
  readonly told: Answer<Told>
  readonly onChoose: (period: Period) => void
}

export function HistoryEvents({ told: { value, trouble, isUnderWay, isOld }, onChoose }: Props) {
  const { isUtc } = useAppState()
  return (
    <section aria-label="events">
      <h2>Events</h2>
      {trouble !== undefined && <p class="bad">Events are not told: {trouble}</p>}
      {value?.limit !== undefined && !isOld && <p class="quiet">{value.limit}</p>}
      {value && !isOld && value.events.length === 0 && value.limit === undefined && (
        <p class="quiet">None in this period.</p>
      )}
      {(!value || isOld) && isUnderWay && <p class="quiet">Asking…</p>}
      {value && value.events.length > 0 && (
        <div class="scroll events">
          <table>
            <thead>
              <tr>
                <th>time</th>
                <th>stream</th>
                <th>what</th>
              </tr>
            </thead>
            <tbody>
              {value.events.map((event, n) => (
                <tr key={n} data-event={event.kind}>
                  <td>
                    <button
                      type="button"
                      class="as-link"
                      onClick={() => onChoose(around(event.time_us, event.until_us))}
                    >
                      {time(event.time_us / 1e6, isUtc, 3)}
                    </button>
                    {event.until_us !== null && (
                      <span class="quiet"> {durationOf(event.until_us - event.time_us)}</span>
                    )}
                  </td>
                  <td>{shortName(event.stream)}</td>
                  <td>
                    {event.what} <span class="quiet">{event.detail}</span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {value?.more && !isOld && <p class="quiet">There are older ones in this period: choose a shorter one.</p>}
    </section>
  )
}
