/** Whether everything arrives: the account of every timestamp, gaps as they heal, nodes and their brokers. */
import { useState } from 'preact/hooks'
import { sumOf } from '../../../src/streams/index.ts'
import { useAppState } from '../app-state.ts'
import { totalOf } from '../health/account-parts.ts'
import type { ConsumerWatch } from '../health/consumer-watch.ts'
import { type AccountsWatch, accountsWatchOf } from '../live/accounts-watch.ts'
import { Account, AccountLegend } from '../parts/health-account.tsx'
import { Brokers } from '../parts/health-brokers.tsx'
import { HealthLog } from '../parts/health-log.tsx'
import { PdcOutputs } from '../parts/health-pdcs.tsx'
import { StreamHealth } from '../parts/health-stream.tsx'
import { replaceQuery } from '../route.ts'
import { useTicks } from '../scene/use.ts'
import './health-page.css'

/** Streams that are drawn at once: more are told by a button. */
const SHOWN = 40

export function HealthPage({ query }: { readonly query: URLSearchParams }) {
  const { live, scene } = useAppState()
  useTicks(1)
  const accounts = accountsWatchOf(live)
  const { consumers } = accounts
  const chosen = consumers.find(({ id }) => id === query.get('consumer')) ?? consumers[0]
  const watch = chosen?.watch
  return (
    <>
      <h1>Health</h1>
      {scene.kind === 'playback' && <p class="quiet">This is the health of now, not of what is played back.</p>}
      <div class="row">
        <label>
          accounts of{' '}
          <select
            value={chosen?.id ?? ''}
            onChange={(event) => replaceQuery('health', { consumer: event.currentTarget.value })}
          >
            {consumers.map(({ id, label }) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <AccountLegend />
      </div>
      <Trouble accounts={accounts} />
      <Total watch={watch} />
      <HealthLog log={watch?.log} />
      <Streams watch={watch} whyOld={chosen ? accounts.whyOld(chosen) : ''} />
      <PdcOutputs />
      <Brokers />
    </>
  )
}

function Trouble({ accounts: { trouble } }: { readonly accounts: AccountsWatch }) {
  if (trouble === undefined) return null
  return (
    <p class="bad" role="status">
      ○ The historian does not tell its accounts ({trouble}): what it told last stands here, and it is asked again.
    </p>
  )
}

function Total({ watch }: { readonly watch: ConsumerWatch | undefined }) {
  const accounts = watch?.topics.flatMap((topic) => watch.account(topic) ?? []) ?? []
  if (accounts.length < 2) return null
  const nowS = Date.now() / 1000
  const old = watch?.topics.filter((topic) => watch.oldS(topic, nowS) !== undefined).length ?? 0
  return (
    <section data-total={accounts.length}>
      <h2>All {accounts.length} streams together</h2>
      <Account account={totalOf(accounts)} />
      {old > 0 && <p class="bad">◷ of these {old} were told some time ago: see below</p>}
    </section>
  )
}

function Streams({ watch, whyOld }: { readonly watch: ConsumerWatch | undefined; readonly whyOld: string }) {
  const { live } = useAppState()
  const [most, setMost] = useState(SHOWN)
  const [isWantingOnly, setWantingOnly] = useState(false)
  const topics = [...new Set([...live.streams.map(({ topic }) => topic), ...(watch?.topics ?? [])])]
    .filter((topic) => !isWantingOnly || isWanting(watch, topic))
    .sort()
  return (
    <section>
      <div class="row">
        <h2>Streams</h2>
        <label>
          <input
            type="checkbox"
            checked={isWantingOnly}
            onChange={(event) => setWantingOnly(event.currentTarget.checked)}
          />{' '}
          only those that lack something
        </label>
      </div>
      {topics.length === 0 && <p class="quiet">{isWantingOnly ? 'None lacks anything.' : 'No stream is known yet.'}</p>}
      <ul class="plain">
        {topics.slice(0, most).map((topic) => (
          <StreamHealth key={topic} topic={topic} stream={live.find(topic)} watch={watch} whyOld={whyOld} />
        ))}
      </ul>
      {topics.length > most && (
        <button type="button" onClick={() => setMost(most + SHOWN)}>
          show {Math.min(SHOWN, topics.length - most)} more of {topics.length}
        </button>
      )}
    </section>
  )
}

function isWanting(watch: ConsumerWatch | undefined, topic: string): boolean {
  const account = watch?.account(topic)
  if (!account) return false
  const { pending, never_produced, not_received, lost, conflicts } = account
  return pending + never_produced + sumOf(not_received) + sumOf(lost) + conflicts > 0
}
