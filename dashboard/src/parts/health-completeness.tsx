/** How much of the last hour and day the historian holds, and which gaps there are. */
import type { CompletenessAnswer } from '../../../src/api/answers.ts'
import { getCompleteness } from '../api/accounts.ts'
import { useAppState } from '../app-state.ts'
import { count, frames, time } from './format.ts'
import { useAnswer } from './use-answer.ts'

const PERIODS = [
  { name: 'hour', seconds: 3600, parts: 60, each: 'minute' },
  { name: 'day', seconds: 86_400, parts: 96, each: 'quarter of an hour' },
]
const AGAIN_MS = 30_000
const MAX_GAPS = 10

export function StreamCompleteness({ topic }: { readonly topic: string }) {
  return (
    <div class="completeness">
      {PERIODS.map((period) => (
        <Period key={period.name} topic={topic} period={period} />
      ))}
    </div>
  )
}

function Period({ topic, period }: { readonly topic: string; readonly period: (typeof PERIODS)[number] }) {
  const { value, trouble } = useAnswer(
    `${topic} ${period.name}`,
    (signal) => {
      const toUs = Date.now() * 1000
      const fromUs = toUs - period.seconds * 1e6
      return getCompleteness({ stream: topic, fromUs, toUs, parts: period.parts }, signal)
    },
    AGAIN_MS,
  )
  return (
    <section data-period={period.name}>
      <h4>last {period.name}</h4>
      {trouble !== undefined && <p class="bad">It is not told: {trouble}</p>}
      {value === undefined && trouble === undefined && <p class="quiet">The historian is asked …</p>}
      {value === 'untold' && <p class="quiet">Not told by this historian.</p>}
      {value !== undefined && value !== 'untold' && <Told completeness={value} each={period.each} />}
    </section>
  )
}

function Told({ completeness, each }: { readonly completeness: CompletenessAnswer; readonly each: string }) {
  const { expected, held, never_produced, not_received, lost, pending } = completeness
  const missing = { 'never produced': never_produced, 'not received': not_received, lost, pending }
  const words = Object.entries(missing).filter(([, number]) => number > 0)
  return (
    <>
      <p data-held={held} data-expected={expected}>
        <b>{share(held, expected)}</b> held: {count(held)} of {frames(expected)}
        {words.map(([name, number]) => (
          <span key={name} class={name === 'lost' || name === 'pending' ? 'bad' : ''}>
            , {name} {count(number)}
          </span>
        ))}
      </p>
      <Parts completeness={completeness} each={each} />
      <Gaps completeness={completeness} />
    </>
  )
}

/** Never `100 %` where one is missing. */
function share(held: number, expected: number): string {
  if (expected === 0) return 'nothing'
  const percent = (100 * held) / expected
  if (held === expected) return '100 %'
  return `${(Math.floor(percent * 1000) / 1000).toFixed(3)} %`
}

/** A column for each part: what is held stands solid, what is not is hatched above it. */
function Parts({
  completeness: { parts },
  each,
}: {
  readonly completeness: CompletenessAnswer
  readonly each: string
}) {
  const { isUtc } = useAppState()
  const wanting = parts.filter(({ held, expected }) => held < expected).length
  return (
    <div
      class="parts"
      role="img"
      aria-label={`held of each ${each}: ${parts.length - wanting} of ${parts.length} are complete`}
    >
      {parts.map(({ from_us, held, expected }) => (
        <span
          key={from_us}
          class={`part-column ${expected === 0 ? 'nothing' : 'part-lost'}`}
          title={`${time(from_us / 1e6, isUtc, 0)}: ${count(held)} of ${count(expected)}`}
        >
          <span class="part-live" style={{ height: expected === 0 ? '0' : `${(100 * held) / expected}%` }} />
        </span>
      ))}
    </div>
  )
}

function Gaps({ completeness: { gaps, more_gaps } }: { readonly completeness: CompletenessAnswer }) {
  const { isUtc } = useAppState()
  if (gaps.length === 0) return null
  const more = Math.max(0, gaps.length - MAX_GAPS) + more_gaps
  return (
    <ul class="gaps">
      {gaps
        .slice(-MAX_GAPS)
        .toReversed()
        .map(({ from_us, to_us, frames: number, why, detail }) => (
          <li key={`${from_us} ${why}`}>
            {time(from_us / 1e6, isUtc)} … {time(to_us / 1e6, isUtc).slice(11)}: {frames(number)}{' '}
            {why.replaceAll('-', ' ')}
            {detail ? ` (${detail})` : ''}
          </li>
        ))}
      {more > 0 && <li class="quiet">and {count(more)} older gaps</li>}
    </ul>
  )
}
