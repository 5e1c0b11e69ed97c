/** A stream's health: whether it is there, how fast and how late, and what became of its frames. */
import { useState } from 'preact/hooks'
import { appState } from '../app-state.ts'
import type { ConsumerWatch } from '../health/consumer-watch.ts'
import { presenceOf } from '../health/presence.ts'
import type { LiveStream } from '../live/live-stream.ts'
import { href } from '../route.ts'
import { shortName, toldAgo } from './format.ts'
import { Account } from './health-account.tsx'
import { StreamCompleteness } from './health-completeness.tsx'
import { PendingStrip } from './health-strip.tsx'

interface Props {
  readonly topic: string
  /** Absent: the bus knows nothing of it. */
  readonly stream: LiveStream | undefined
  readonly watch: ConsumerWatch | undefined
  /** Where its account is old. */
  readonly whyOld: string
}

const LATENCY =
  'How long after its timestamp a frame was in this browser, of the last 512 frames: the clock of this machine ' +
  'against the clock of the PMU, so it is no better than the two agree'

const RATE =
  'Frames that come to this page over some seconds, of those that DATA_RATE says; of a PDC they come only while a page shows its data'

export function StreamHealth({ topic, stream, watch, whyOld }: Props) {
  const [isOpen, setOpen] = useState(false)
  const oldS = watch?.oldS(topic, Date.now() / 1000)
  const stations = stream?.buffer?.configuration.pmus.map(({ stn }) => stn.trim()) ?? []
  return (
    <li class="stream-health" data-stream={topic}>
      <div>
        <h3>
          <a href={href('pmu', { stream: topic })}>{shortName(topic)}</a>{' '}
          <span class="quiet">{stations.slice(0, 3).join(', ')}</span>
        </h3>
        <PresenceWords topic={topic} stream={stream} />
        <Pace stream={stream} />
      </div>
      <div>
        <Account account={watch?.account(topic)} />
        {oldS !== undefined && (
          <p class="bad" data-old={oldS}>
            ◷ {toldAgo(oldS)}: {whyOld}
          </p>
        )}
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>completeness of the last hour and day</summary>
          {isOpen && <StreamCompleteness topic={topic} />}
        </details>
      </div>
      <div>{watch && <PendingStrip history={watch.history} topic={topic} />}</div>
    </li>
  )
}

function PresenceWords({ topic, stream }: Pick<Props, 'topic' | 'stream'>) {
  const { live } = appState()
  const { kind, shape, word, says } = presenceOf(
    {
      states: stream?.confirmed ?? new Map(),
      isFlowing: stream?.isFlowing ?? false,
      isFollowed: topic.split('/')[3] === 'PMU',
      untold: untoldOf(stream),
    },
    live.nodes,
  )
  return (
    <p>
      <b class={kind === 'online' ? 'good' : 'bad'} data-presence={kind}>
        {shape} {word}
      </b>{' '}
      <span class="quiet">{says.join('; ')}</span>
    </p>
  )
}

function untoldOf(stream: LiveStream | undefined): string | undefined {
  if (!appState().live.isConnected) return 'this page has no connection to the bus'
  const isUntold = stream && stream.states.size > 0 && stream.confirmed.size === 0
  return isUntold ? 'no node has told it again yet' : undefined
}

function Pace({ stream }: Pick<Props, 'stream'>) {
  const rate = stream?.buffer?.rate ?? [...(stream?.states.values() ?? [])].find((state) => state.rate !== null)?.rate
  const measured = rate ? stream?.arrivals.measuredRate(rate) : undefined
  const latency = stream?.isFlowing ? stream.arrivals.latency : undefined
  return (
    <dl class="pace">
      <dt title={RATE}>frames/s</dt>
      <dd title={RATE} data-rate={measured}>
        {measured === undefined ? '–' : measured.toFixed(1)} of {rate ? Number(rate.toPrecision(4)) : '–'}
      </dd>
      <dt title={LATENCY}>latency</dt>
      <dd title={LATENCY}>{latency ? `p50 ${latency.p50.toFixed(0)} ms, p99 ${latency.p99.toFixed(0)} ms` : '–'}</dd>
    </dl>
  )
}
