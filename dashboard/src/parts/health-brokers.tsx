/** Nodes, and the brokers that they say they use; and how this page is connected. */
import type { NodeState } from '../../../src/streams/index.ts'
import { useAppState } from '../app-state.ts'
import { MAX_STREAMS } from '../live/live-streams.ts'
import { count, time } from './format.ts'

export function Brokers() {
  const { live, isUtc } = useAppState()
  const nodes = [...live.nodes].sort(([one], [other]) => (one < other ? -1 : 1))
  return (
    <section>
      <h2>Nodes and brokers</h2>
      <OwnConnection />
      {nodes.length === 0 ? (
        <p class="quiet">No node has said anything yet.</p>
      ) : (
        <div class="scroll">
          <table class="wide">
            <thead>
              <tr>
                <th>node</th>
                <th>state</th>
                <th>since</th>
                <th title="the first is the one that is used">brokers</th>
              </tr>
            </thead>
            <tbody>
              {nodes.map(([topic, node]) => (
                <tr key={topic} data-node={topic}>
                  <td>{topic.split('/').slice(1).join('/').replace('/NODE/', ' ')}</td>
                  <NodeStateCell node={node} isKnown={live.isConfirmed(topic)} />
                  <td>{sinceText(node, isUtc)}</td>
                  <td>
                    <BrokersOf node={node} isKnown={live.isConfirmed(topic)} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

interface NodeProps {
  readonly node: NodeState
  /** It told so on this connection. */
  readonly isKnown: boolean
}

function NodeStateCell({ node: { online, reason }, isKnown }: NodeProps) {
  const told = online ? 'online' : `offline: ${reason ?? 'no reason given'}`
  if (!isKnown) return <td class="bad">□ not known, told last: {told}</td>
  return <td class={online ? 'good' : 'bad'}>{`${online ? '●' : '○'} ${told}`}</td>
}

function BrokersOf({ node: { brokers, online }, isKnown }: NodeProps) {
  if (brokers.length === 0) return <span class="quiet">–</span>
  return (
    <ul class="plain">
      {brokers.map((url, n) => (
        <li key={url}>
          {n === 0 ? (
            <b>{`${online && isKnown ? '▶ uses' : 'used'} ${url}`}</b>
          ) : (
            <span class="quiet">{`next ${url}`}</span>
          )}
        </li>
      ))}
    </ul>
  )
}

function OwnConnection() {
  const { live } = useAppState()
  const { bus, unreadable } = live
  return (
    <p data-own-connection={bus?.isConnected ?? false}>
      This page:{' '}
      {bus ? (
        <>
          <b class={bus.isConnected ? 'good' : 'bad'}>
            {bus.isConnected ? '● connected to' : '○ not connected to'} {bus.url}
          </b>
          {bus.trouble !== undefined && (
            <span class="bad">
              {' '}
              ({bus.trouble}; {bus.isConnected ? 'asked for again with the next connection' : 'it is tried again'})
            </span>
          )}
        </>
      ) : (
        <b class="bad">□ the historian gives no way to live data</b>
      )}
      , <span data-unreadable={unreadable}>{count(unreadable)} messages that could not be read</span>
      <Limits />
    </p>
  )
}

/** What this page has no room for. */
function Limits() {
  const { live } = useAppState()
  const without = live.streams.filter(({ hasNoRoom }) => hasNoRoom).length
  const short = live.streams.filter(({ buffer }) => buffer?.isShort).length
  const words = [
    live.refused > 0 &&
      `${MAX_STREAMS} streams are shown, the most: ${count(live.refused)} messages of others were left out`,
    without > 0 && `no room for the values of ${count(without)} streams`,
    short > 0 && `less than the usual minute is kept of ${count(short)} streams`,
  ].filter((each) => each !== false)
  return words.length === 0 ? null : <span class="bad">; {words.join('; ')}</span>
}

function sinceText({ since }: NodeState, isUtc: boolean): string {
  const ms = Date.parse(since)
  return Number.isNaN(ms) ? since : time(ms / 1000, isUtc, 0)
}
