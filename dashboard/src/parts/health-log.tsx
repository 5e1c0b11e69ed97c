/** Gaps and their healing, the newest first. */
import { useAppState } from '../app-state.ts'
import { describeEvent, type EventLog, type LogEntry } from '../health/event-log.ts'
import { clock, shortName, time } from './format.ts'

export function HealthLog({ log }: { readonly log: EventLog | undefined }) {
  return (
    <section>
      <h2>Gaps and healing</h2>
      {!log || log.entries.length === 0 ? (
        <p class="quiet">Nothing has happened since this page began to look.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: so that the arrow keys scroll it
        <div class="health-log" role="log" aria-label="gaps and healing" tabIndex={0}>
          <ol class="plain">
            {log.entries.map((entry) => (
              <Entry key={entry.number} entry={entry} />
            ))}
          </ol>
        </div>
      )}
    </section>
  )
}

function Entry({ entry: { stream, event, sinceS } }: { readonly entry: LogEntry }) {
  const { isUtc } = useAppState()
  const { shape, text, isBad } = describeEvent(event)
  const until = event.atS - sinceS >= 1 ? ` … ${clock(event.atS, isUtc)}` : ''
  return (
    <li data-event={event.kind} data-of={stream}>
      <time title={isUtc ? 'UTC' : 'local time'}>
        {time(sinceS, isUtc, 0)}
        {until}
      </time>{' '}
      <b>{shortName(stream)}</b>{' '}
      <span class={isBad ? 'bad' : 'good'}>
        {shape} {text}
      </span>
    </li>
  )
}
