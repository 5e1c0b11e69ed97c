/** What was striking in the period: choose one, and it is seen with what was before and after. */
import type { StoredEvent } from '../../../src/api/answers.ts'
import { type EventKind, eventKinds } from '../../../src/historian/event-kinds.ts'
import { getEvents, MAX_ALL_EVENTS_US, MAX_EVENTS_US } from '../api/history.ts'
import { useAppState } from '../app-state.ts'
import { around, durationOf, lengthUs, type Period } from '../history/period.ts'
import type { EventChoice } from '../history/view.ts'
import { shortName, time } from './format.ts'
import type { Answer } from './use-answer.ts'

export interface Told {
  readonly events: readonly StoredEvent[]
  readonly more: boolean
  /** It was asked, and there is an answer. */
  readonly isTold: boolean
  /** Why there are none, or not of all. */
  readonly limit: string | undefined
}

/** Of streams that are asked for one by one. */
const MAX_ASKED = 12

const untold = (limit: string): Told => ({ events: [], more: false, isTold: false, limit })

/** Throws what the API client throws. */
export async function askEvents(
  streams: readonly string[],
  { isOfAll, kinds }: EventChoice,
  period: Period,
  signal: AbortSignal,
): Promise<Told> {
  const us = lengthUs(period)
  if (kinds.length === 0) return untold('No kind of event is chosen.')
  if (us > MAX_EVENTS_US) return untold('Events are told of periods of up to 31 days.')
  const isAll = isOfAll && us <= MAX_ALL_EVENTS_US
  if (!isAll && streams.length === 0) return untold('No stream is chosen.')
  const asked = isAll ? [undefined] : streams.slice(0, MAX_ASKED)
  const answers = await Promise.all(asked.map((stream) => getEvents(period, { stream, kinds }, signal)))
  const told = answers.filter((answer) => answer !== undefined)
  if (told.length === 0) return untold('This historian tells no events of it.')
  const limits = [
    isOfAll && !isAll && 'Of more than 26 hours, events are told of the streams that are chosen.',
    !isAll && streams.length > MAX_ASKED && `They are told of the first ${MAX_ASKED} streams that are chosen.`,
  ].filter((limit) => limit !== false)
  return {
    events: told.flatMap(({ events }) => events).sort((one, other) => one.time_us - other.time_us),
    more: told.some(({ more }) => more),
    isTold: true,
    limit: limits.length > 0 ? limits.join(' ') : undefined,
  }
}

interface Props {
  readonly told: Answer<Told>
  readonly choice: EventChoice
  readonly onChange: (choice: EventChoice) => void
  readonly onChoose: (period: Period) => void
}

export function HistoryEvents({ told: { value, trouble, isUnderWay, isOld }, choice, onChange, onChoose }: Props) {
  const { isUtc } = useAppState()
  return (
    <section aria-label="events">
      <h2>Events</h2>
      <Choice choice={choice} onChange={onChange} />
      {trouble !== undefined && <p class="bad">Events are not told: {trouble}</p>}
      {value?.limit !== undefined && !isOld && <p class="quiet">{value.limit}</p>}
      {value?.isTold && !isOld && value.events.length === 0 && <p class="quiet">None in this period.</p>}
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

const titles: Readonly<Record<EventKind, string>> = {
  trigger: 'triggers',
  'sync-lost': 'lost synchronisation',
  'data-error': 'data errors',
  absent: 'absent from a PDC’s frames',
  gap: 'gaps',
  configuration: 'configurations',
  appeared: 'first frames',
  conflict: 'conflicts',
  revision: 'completed by a PDC',
}

function Choice({ choice, onChange }: Pick<Props, 'choice' | 'onChange'>) {
  const toggle = (kind: EventKind): void =>
    onChange({ ...choice, kinds: eventKinds.filter((each) => (each === kind) !== choice.kinds.includes(each)) })
  return (
    <div class="row event-choice">
      <fieldset class="buttons" aria-label="events of">
        {[false, true].map((isOfAll) => (
          <button
            key={`${isOfAll}`}
            type="button"
            aria-pressed={choice.isOfAll === isOfAll}
            onClick={() => onChange({ ...choice, isOfAll })}
          >
            {isOfAll ? 'all streams' : 'chosen streams'}
          </button>
        ))}
      </fieldset>
      <fieldset class="buttons kinds" aria-label="kinds of events">
        {eventKinds.map((kind) => (
          <label key={kind}>
            <input type="checkbox" checked={choice.kinds.includes(kind)} onChange={() => toggle(kind)} /> {titles[kind]}
          </label>
        ))}
      </fieldset>
    </div>
  )
}
