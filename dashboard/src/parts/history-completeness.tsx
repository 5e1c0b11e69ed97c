/** Under the plots: of each stream what is missing, and when something was striking. */
import type { StoredEvent, StoredGap } from '../../../src/api/answers.ts'
import { getCompleteness } from '../api/history.ts'
import { useAppState } from '../app-state.ts'
import { heldRuns } from '../history/held-runs.ts'
import { around, durationOf, lengthUs, type Period } from '../history/period.ts'
import { count, shortName, time } from './format.ts'
import { useAnswer } from './use-answer.ts'

/** Streams of which it is told. */
export const MAX_TOLD = 12
const MAX_LISTED = 50
/** Of the strip: no more, and none so short that no frame of it is expected. */
const MAX_PARTS = 120
const PART_US = 1e6

interface Props {
  readonly streams: readonly string[]
  readonly period: Period
  readonly events: readonly StoredEvent[]
  readonly onChoose: (period: Period) => void
}

export function HistoryCompleteness({ streams, period, events, onChoose }: Props) {
  return (
    <>
      {streams.slice(0, MAX_TOLD).map((stream) => (
        <OfStream
          key={stream}
          stream={stream}
          period={period}
          events={events.filter((event) => event.stream === stream)}
          onChoose={onChoose}
        />
      ))}
      {streams.length > MAX_TOLD && (
        <p class="quiet">What is missing is told of the first {MAX_TOLD} streams that are chosen.</p>
      )}
    </>
  )
}

function OfStream({ stream, period, events, onChoose }: Omit<Props, 'streams'> & { readonly stream: string }) {
  const { isUtc } = useAppState()
  const key = `${stream} ${period.fromUs} ${period.toUs}`
  const {
    value: kept,
    isOld,
    isUnderWay,
    trouble,
  } = useAnswer(key, (signal) => getCompleteness(stream, period, partsOf(period), signal))
  // Gaps of another period would stand at wrong places.
  const value = isOld ? undefined : kept
  if (!kept && !isOld && trouble === undefined && events.length === 0) return null
  const gaps = value?.gaps ?? []
  return (
    <div class="history-strip" data-strip={stream}>
      <div class="history-band" role="img" aria-label={`what is held of ${shortName(stream)}, and what is missing`}>
        {heldRuns(value?.parts ?? []).map(({ fromUs, toUs, part }) => (
          <i key={fromUs} class="held" style={{ ...place(fromUs, toUs, period), height: `${100 * part}%` }} />
        ))}
        {gaps.map((gap) => (
          <i
            key={`${gap.from_us} ${gap.why}`}
            class={`gap ${kindOf(gap)}`}
            title={wordsOf(gap)}
            style={place(gap.from_us, gap.to_us, period)}
          />
        ))}
        {events.map((event, n) => (
          <b key={n} title={event.what} style={{ left: place(event.time_us, event.time_us, period).left }}>
            ▾
          </b>
        ))}
      </div>
      <div class="quiet" data-held={value?.held} data-expected={value?.expected}>
        {shortName(stream)}: {trouble ?? (value ? summary(value) : isUnderWay ? 'asking…' : '')}
      </div>
      {gaps.length > 0 && (
        <details>
          <summary>
            {gaps.length + value!.more_gaps} {gaps.length + value!.more_gaps === 1 ? 'gap' : 'gaps'}
          </summary>
          <ul class="list">
            {gaps.slice(0, MAX_LISTED).map((gap) => (
              <li key={`${gap.from_us} ${gap.why}`}>
                <button type="button" class="as-link" onClick={() => onChoose(around(gap.from_us, gap.to_us))}>
                  {time(gap.from_us / 1e6, isUtc, 3)}
                </button>{' '}
                <i class={`key ${kindOf(gap)}`} /> {wordsOf(gap)}
              </li>
            ))}
          </ul>
          {gaps.length + value!.more_gaps > MAX_LISTED && <p class="quiet">The last {MAX_LISTED} are listed.</p>}
        </details>
      )}
    </div>
  )
}

const partsOf = (period: Period): number => Math.max(1, Math.min(MAX_PARTS, Math.floor(lengthUs(period) / PART_US)))

const kindOf = ({ why }: StoredGap): string => why.replaceAll('_', '-')

const wordsOf = ({ from_us, to_us, frames, why, detail }: StoredGap): string =>
  `${count(frames)} ${frames === 1 ? 'frame' : 'frames'}, ${durationOf(to_us - from_us)}: ${why.replaceAll(/[-_]/g, ' ')}${detail === null || detail === '' ? '' : ` (${detail})`}`

function summary(answer: NonNullable<Awaited<ReturnType<typeof getCompleteness>>>): string {
  const missing = [
    [answer.never_produced, 'never produced'],
    [answer.not_received, 'not received'],
    [answer.lost, 'lost'],
    [answer.pending, 'pending'],
  ] as const
  const words = missing.flatMap(([frames, why]) => (frames > 0 ? [`${count(frames)} ${why}`] : []))
  return [`${count(answer.held)} of ${count(answer.expected)} frames held`, ...words].join(', ')
}

function place(fromUs: number, toUs: number, period: Period) {
  const part = (us: number): number => Math.min(1, Math.max(0, (us - period.fromUs) / (period.toUs - period.fromUs)))
  return { left: `${100 * part(fromUs)}%`, width: `${100 * (part(toUs) - part(fromUs))}%` }
}
